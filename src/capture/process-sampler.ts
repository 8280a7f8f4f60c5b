/**
 * Samples of one process: the stacks of its main thread and its workers out of memory, with no code in it, and no pause
 * unless `stop` is asked for. It is kept open; each sample forgets what the last one read.
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
import { ThreadFiles } from '../platform/procfs/thread-files.js'
import { openStoppedLooks } from './stopped-looks.js'
import type { StoppedLooks } from './stopped-looks.js'

export class ProcessSampler {
  readonly samples: StackSample[] = []
  readonly workers: readonly ThreadSamples[]
  /** Turns in which the main thread had no stack that could be read. */
  torn = 0
  /** Why it can be sampled no more; null while it can. */
  end: RecordingEnd | null = null
  readonly #opened: MemoryTarget
  readonly #reader: StackReader
  readonly #threads: readonly IsolateOfThread[]
  readonly #files: readonly ThreadFiles[]
  readonly #isolates: readonly Address[]
  readonly #stopped: StoppedLooks | null
  readonly #tracks: readonly StackSample[][]

  /**
   * @param stop stops the process for each look
   * @throws StallError as `openMemoryTarget` and `openStoppedLooks`; ERR_STALL_MEMORY_UNREADABLE when its main thread
   *   runs no isolate
   */
  constructor(target: Target, stop: boolean) {
    this.#opened = openMemoryTarget(target)
    try {
      const { matched } = this.#opened.isolates()
      const main = matched.find(({ tid }) => tid === this.#opened.mainTid)
      if (!main) throw new StallError('ERR_STALL_MEMORY_UNREADABLE', `the main thread of ${target.pid} runs no isolate`)
      this.#threads = [main, ...matched.filter((each) => each !== main)]
      this.#files = this.#threads.map(({ tid }) => new ThreadFiles(this.#opened.root, tid))
      this.#isolates = this.#threads.map(({ isolate }) => isolate.address)
      this.#tracks = this.#threads.map((_, index) => (index === 0 ? this.samples : []))
      this.workers = this.#threads.slice(1).map(({ tid }, index) => ({ tid, samples: this.#tracks[index + 1] ?? [] }))
      this.#reader = new StackReader(this.#opened.heap)
      this.#stopped = stop ? openStoppedLooks(this.#opened, this.#reader, target.pid, this.#threads) : null
    } catch (thrown) {
      this.#opened.dispose()
      throw thrown
    }
  }

  get mainTid(): number {
    return this.#opened.mainTid
  }

  /** Of all threads that are sampled, the main thread first. */
  get tids(): readonly number[] {
    return this.#threads.map(({ tid }) => tid)
  }

  /** Hands over what was taken since the last time, for whoever counts rather than keeps. */
  drain(): { readonly tid: number; readonly samples: readonly StackSample[] }[] {
    return this.#threads.map(({ tid }, index) => ({ tid, samples: this.#tracks[index]?.splice(0) ?? [] }))
  }

  /** How long it was stopped so far, ms. */
  get pausedMs(): number {
    return this.#stopped?.pausedMs ?? 0
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
    for (const [index, look] of this.#look().entries()) {
      // A thread that has ended has no stack, and no more samples.
      if (look.kind !== 'torn') this.#tracks[index]?.push({ atMs, frames: framesOf(look) })
      else if (index === 0 && !this.#lost()) this.torn++
    }
    return this.end === null
  }

  dispose(): void {
    this.#stopped?.dispose()
    for (const files of this.#files) files.dispose()
    this.#opened.dispose()
  }

  #look(): readonly StackReading[] {
    try {
      if (this.#stopped) return this.#stopped.take()
    } catch (thrown) {
      // It became a foreground job, or ended.
      if (!this.#lost()) throw toStallError(thrown)
      return []
    }
    this.#reader.nextLook(this.#isolates)
    return this.#threads.map(({ isolate }, index) => {
      const files = this.#files[index]
      const outside = { registers: () => files?.syscall() ?? null, ranNs: () => files?.ranNs() ?? null }
      return this.#reader.read(isolate.address, outside)
    })
  }

  /** Whether its memory is gone: it has ended, or runs another program now. Notes which. */
  #lost(): boolean {
    const [main] = this.#threads
    this.end = main ? endOfRecording(this.#opened, main.isolate) : 'ended'
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
