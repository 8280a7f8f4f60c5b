/**
 * When the watch thread may load koffi. Loading a library takes a lock that is held by whoever loads one, and a library
 * whose start hangs (a device driver's, a licence check) keeps it for ever: a watch thread that waits for it never ends
 * the process (seen: no bundle and no exit, Node 20). So it is loaded while the main thread waits for events, when it
 * can't be loading anything, or after a thread of its own has shown that the lock can be had.
 */
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { tryReadProcText } from '../../platform/procfs/read.js'
import { prepareNativeCalls, type NativeCalls } from '../shared/native-exit.js'
import type { NativeProbeData } from '../short-threads/native-probe-thread.js'
import { threadOptions } from '../shared/worker-environment.js'

export interface NativeLoaderOptions {
  /** For the thread that probes: it must not load while the process ends. */
  readonly clocks?: SharedArrayBuffer
  /** Whether the main thread waits for events at this moment; null: not to be known. */
  readonly waitsForEvents?: () => boolean | null
  readonly load?: typeof prepareNativeCalls
  /** Calls back once the lock could be had, with a reason when there is nothing to load; never, while it is held. */
  readonly probe?: (done: (failure: string | null) => void) => void
}

/** A main thread that is never found waiting is busy: then the other way is taken. */
const TURNS_TO_WAIT = 20

export class NativeLoader {
  /** Null: not loaded (yet). */
  calls: NativeCalls | null = null
  /** Why not, half a sentence; null while it is not known. */
  failure: string | null = null
  private readonly options: Required<Omit<NativeLoaderOptions, 'clocks'>>
  private turns = 0
  private probing = false
  private readonly waiting: (() => void)[] = []

  constructor(options: NativeLoaderOptions = {}) {
    const { clocks, ...rest } = options
    const probe = (done: (failure: string | null) => void): void => probeInThread(clocks ?? null, done)
    this.options = { waitsForEvents, load: prepareNativeCalls, probe, ...rest }
  }

  /** Once a turn, until it is settled. Never waits. */
  turn(): void {
    if (this.settled) return
    this.turns++
    if (this.options.waitsForEvents() === true) this.load(() => this.options.waitsForEvents() === true)
    else if (this.turns >= TURNS_TO_WAIT) this.beginProbe()
  }

  /** It is wanted now: `settled` is called once it is loaded or known not to be had; never, while the lock is held. */
  want(settled: () => void): void {
    if (this.settled) {
      settled()
      return
    }
    this.waiting.push(settled)
    if (this.options.waitsForEvents() === true) this.load(() => this.options.waitsForEvents() === true)
    if (!this.settled) this.beginProbe()
  }

  private get settled(): boolean {
    return this.calls !== null || this.failure !== null
  }

  private beginProbe(): void {
    if (this.probing) return
    this.probing = true
    this.options.probe((failure) => {
      if (this.settled) return
      if (failure === null) this.load()
      else this.settle(failure)
    })
  }

  private load(mayLoad?: () => boolean): void {
    const loaded = this.options.load(mayLoad)
    // Not now after all: at the next turn.
    if (loaded === 'busy') return
    if ('no' in loaded) this.settle(loaded.no)
    else {
      this.calls = loaded
      this.settle(null)
    }
  }

  private settle(failure: string | null): void {
    this.failure = failure
    for (const tell of this.waiting.splice(0)) tell()
  }
}

/** By number, since the names of all system calls would stay in this thread's memory: epoll_wait, _pwait, _pwait2. */
const EPOLL: Readonly<Record<string, readonly string[]>> = { x64: ['232', '281', '441'], arm64: ['22', '441'] }

function waitsForEvents(): boolean | null {
  // Of one's own threads, without any permission; not every kernel has the file.
  const text = tryReadProcText(`/proc/self/task/${process.pid}/syscall`, 512)
  const numbers = EPOLL[process.arch]
  if (text === null || numbers === undefined) return null
  return numbers.includes(text.split(' ', 1)[0] ?? '')
}

function probeInThread(clocks: SharedArrayBuffer | null, done: (failure: string | null) => void): void {
  try {
    const data: NativeProbeData = { clocks }
    const worker = new Worker(
      path.join(__dirname, '../short-threads/native-probe-thread.js'),
      threadOptions('stall-native', data),
    )
    worker.on('message', (failure: string | null) => done(failure))
    worker.on('error', (error) => done(error.message))
  } catch (thrown) {
    done(thrown instanceof Error ? thrown.message : String(thrown))
  }
}
