/**
 * Samples of one process: the stacks of its main thread and its workers out of memory, with no code in it, and no pause
 * unless `stop` is asked for. It is kept open; each sample forgets what the last one read. Workers are sampled from
 * their start to their end.
 */
import type { Address } from '../model/address.js'
import type { Frame } from '../model/frame.js'
import type { RecordingEnd, StackSample, ThreadSamples } from '../model/samples.js'
import { StallError, toStallError } from '../model/stall-error.js'
import type { Target } from '../model/target.js'
import { StackReader } from '../v8/stack/thread-stack.js'
import type { StackReading } from '../v8/stack/stack-reading.js'
import { endOfRecording } from './end-of-recording.js'
import type { IsolateOfThread } from './match-threads.js'
import { openMemoryTarget } from './memory-target.js'
import type { MemoryTarget } from './memory-target.js'
import { ProcessWatch } from './process-watch.js'
import { ThreadFiles } from '../platform/procfs/thread-files.js'
import { openStoppedLooks } from './stopped-looks.js'
import type { StoppedLooks } from './stopped-looks.js'

/** Looking for threads may take this share of the time. */
const THREADS_SHARE = 0.04

interface Track extends IsolateOfThread, ThreadSamples {
  readonly files: ThreadFiles
  readonly samples: StackSample[]
}

export class ProcessSampler {
  /** Turns in which the main thread had no stack that could be read. */
  torn = 0
  /** Why it can be sampled no more; null while it can. */
  end: RecordingEnd | null = null
  readonly #target: Target
  readonly #opened: MemoryTarget
  readonly #reader: StackReader
  readonly #stopped: StoppedLooks | null
  readonly #watch: ProcessWatch
  readonly #main: Track
  /** Of every thread that was sampled, the main thread first. */
  readonly #tracks: Track[]
  /** Those that are there now. */
  #threads: readonly Track[]
  #isolates: readonly Address[]
  #threadsDueMs = 0

  /**
   * @param stop stops the process for each look
   * @throws StallError as `openMemoryTarget` and `openStoppedLooks`; ERR_STALL_MEMORY_UNREADABLE when its main thread
   *   runs no isolate
   */
  constructor(target: Target, stop: boolean) {
    this.#target = target
    this.#opened = openMemoryTarget(target)
    try {
      this.#watch = new ProcessWatch(this.#opened.root)
      const { matched } = this.#opened.isolates()
      const main = matched.find(({ tid }) => tid === this.#opened.mainTid)
      if (!main) throw new StallError('ERR_STALL_MEMORY_UNREADABLE', `the main thread of ${target.pid} runs no isolate`)
      this.#tracks = [main, ...matched.filter((each) => each !== main)].map((each) => this.#track(each))
      this.#main = this.#tracks[0] as Track
      this.#threads = [...this.#tracks]
      this.#isolates = this.#threads.map(({ isolate }) => isolate.address)
      this.#reader = new StackReader(this.#opened.heap)
      this.#stopped = stop ? openStoppedLooks(this.#opened, this.#reader, target.pid) : null
    } catch (thrown) {
      this.#opened.dispose()
      throw thrown
    }
  }

  #track(thread: IsolateOfThread): Track {
    return { ...thread, files: new ThreadFiles(this.#opened.root, thread.tid), samples: [] }
  }

  get mainTid(): number {
    return this.#opened.mainTid
  }

  /** Of the main thread. */
  get samples(): readonly StackSample[] {
    return this.#main.samples
  }

  get workers(): readonly ThreadSamples[] {
    return this.#tracks.slice(1).map(({ tid, samples }) => ({ tid, samples }))
  }

  /** Of the threads that are sampled now, the main thread first. */
  get tids(): readonly number[] {
    return this.#threads.map(({ tid }) => tid)
  }

  /** Hands over what was taken since the last time, for whoever counts rather than keeps. */
  drain(): { readonly tid: number; readonly samples: readonly StackSample[] }[] {
    return this.#tracks.map(({ tid, samples }) => ({ tid, samples: samples.splice(0) }))
  }

  /** How long it was stopped for the looks so far, ms. */
  get pausedMs(): number {
    return this.#stopped?.pausedMs ?? 0
  }

  /** How long somebody else had stopped it so far, ms. */
  get stoppedMs(): number {
    return this.#watch.stoppedMs
  }

  /** Whether somebody else has stopped it. */
  get isStopped(): boolean {
    return this.#watch.isStopped
  }

  /**
   * One look that is no sample. The first one reads every function on the stack and runs code that V8 has not compiled
   * yet: some 40 ms, in which turns would be missed. Not with `stop`: the process would stand still all that time.
   */
  warmUp(): void {
    if (!this.#stopped) this.#look()
  }

  /** Takes one sample of every thread; false when that can't be done any more. */
  take(atMs: number): boolean {
    if (this.end !== null) return false
    if (this.#watch.ask(atMs)) this.#followThreads()
    const threads = this.#threads
    for (const [index, look] of this.#look().entries()) {
      // A thread that has ended has no stack, and no more samples.
      if (look.kind !== 'torn') threads[index]?.samples.push({ atMs, frames: framesOf(look) })
      else if (index === 0 && !this.#lost()) this.torn++
    }
    return this.end === null
  }

  dispose(): void {
    this.#stopped?.dispose()
    for (const { files } of this.#threads) files.dispose()
    this.#opened.dispose()
  }

  /** Those that have ended are left out, and those that run JavaScript since are sampled too. */
  #followThreads(): void {
    const { tids } = this.#watch
    const gone = this.#threads.filter(({ tid }) => tid !== this.mainTid && !tids.has(tid))
    for (const { files } of gone) files.dispose()
    const here = this.#threads.filter((each) => !gone.includes(each))
    const come = [...tids].some((tid) => here.every((each) => each.tid !== tid)) ? this.#newThreads(here) : []
    if (gone.length === 0 && come.length === 0) return
    this.#tracks.push(...come)
    this.#threads = [...here, ...come]
    this.#isolates = this.#threads.map(({ isolate }) => isolate.address)
    // The objects of a thread that is new may lie where those of an ended one did.
    this.#reader.flush()
  }

  #newThreads(here: readonly Track[]): readonly Track[] {
    const startedMs = performance.now()
    if (startedMs < this.#threadsDueMs) return []
    this.#opened.refresh()
    const { matched } = this.#opened.isolates()
    const come = matched.filter(({ tid }) => here.every((each) => each.tid !== tid))
    const endedMs = performance.now()
    this.#threadsDueMs = endedMs + (endedMs - startedMs) / THREADS_SHARE
    return come.map((each) => this.#track(each))
  }

  #look(): readonly StackReading[] {
    try {
      if (this.#stopped) return this.#stopped.take(this.#threads)
    } catch (thrown) {
      // It became a foreground job, or ended.
      if (!this.#lost()) throw toStallError(thrown)
      return []
    }
    this.#reader.nextLook(this.#isolates)
    return this.#threads.map(({ isolate, files }) => {
      const outside = { registers: () => files.syscall(), ranNs: () => files.ranNs() }
      return this.#reader.read(isolate.address, outside)
    })
  }

  /** Whether its memory is gone: it has ended, or runs another program now. Notes which. */
  #lost(): boolean {
    this.end = endOfRecording(this.#opened, this.#main.isolate, this.#target.startTicks)
    return this.end !== null
  }
}

/** A thread without JavaScript is idle, or in native code of its own; one word instead of a stack, as V8's profiler. */
function framesOf(look: StackReading): readonly Frame[] {
  if (look.vmState === 'GC') return [pseudo('(garbage collector)'), ...look.frames]
  if (look.frames.length > 0) return look.frames
  return [pseudo(look.vmState === 'IDLE' ? '(idle)' : '(program)')]
}

function pseudo(name: string): Frame {
  return { function: name, file: null, line: null, column: null, tier: null, async: false, native: false }
}
