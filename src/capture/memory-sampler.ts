/**
 * Samples of the stacks of the main thread and its workers out of memory, at a steady rate, with no pause of the target
 * and no code in it. One target is kept open; each sample forgets what the last one read. Turns are those of the clock, counted from the
 * start: a sample that is late does not put off the next. Turns that went by, because the machine was busy or a sample
 * took long, are missed and counted, never made up for.
 */
import type { Frame } from '../model/frame.js'
import type { StackSample, StackSamples } from '../model/samples.js'
import { StallError } from '../model/stall-error.js'
import type { Target } from '../model/target.js'
import { readRawSyscall } from '../platform/procfs/syscall.js'
import { StackReader } from '../v8/stack/thread-stack.js'
import type { StackReading } from '../v8/stack/thread-stack.js'
import { openMemoryTarget } from './memory-target.js'
import { readThread } from './read-thread.js'

export interface SamplerOptions {
  readonly durationMs: number
  /** Samples a second. */
  readonly rate: number
  /** Ends the recording early; what was sampled counts. */
  readonly signal?: AbortSignal
  readonly onSample?: (count: number) => void
}

const MAX_SAMPLES = 1_000_000

/**
 * Resolves when the time is over, the signal is aborted, or the process has ended.
 *
 * @throws StallError as `openMemoryTarget`; ERR_STALL_MEMORY_UNREADABLE when its main thread runs no isolate
 */
export async function sampleFromMemory(target: Target, options: SamplerOptions): Promise<StackSamples> {
  const opened = openMemoryTarget(target)
  try {
    const { matched } = opened.isolates()
    const main = matched.find(({ tid }) => tid === opened.mainTid)
    if (!main) throw new StallError('ERR_STALL_MEMORY_UNREADABLE', `the main thread of ${target.pid} runs no isolate`)
    const reader = new StackReader(opened.heap)
    const samples: StackSample[] = []
    const workers = matched.filter((each) => each !== main).map((thread) => ({ thread, samples: [] as StackSample[] }))
    const isolates = matched.map(({ isolate }) => isolate.address)
    const intervalMs = 1000 / options.rate
    const turns = Math.ceil(options.durationMs / intervalMs)
    const startedMs = performance.now()
    let missed = 0
    for (let turn = 0; turn < turns && samples.length < MAX_SAMPLES;) {
      const atMs = performance.now() - startedMs
      if (atMs >= options.durationMs || options.signal?.aborted === true) break
      reader.nextLook(isolates)
      const look = readThread(reader, opened.root, main)
      if (look.kind === 'torn') missed++
      else samples.push({ atMs, frames: framesOf(look) })
      for (const worker of workers) {
        const of = readThread(reader, opened.root, worker.thread)
        // A thread that has ended has no stack, and no more samples.
        if (of.kind !== 'torn') worker.samples.push({ atMs, frames: framesOf(of) })
      }
      // An ended process has no memory: every read is empty from now on.
      if (look.kind === 'torn' && readRawSyscall(opened.root, opened.mainTid) === null) break
      options.onSample?.(samples.length)
      // Timers may wake us a little early: each turn is taken once all the same.
      const due = Math.max(turn, Math.floor((performance.now() - startedMs) / intervalMs)) + 1
      // What is over is no longer missed.
      missed += Math.max(0, Math.min(due, turns) - turn - 1)
      turn = due
      await untilTurn(startedMs + turn * intervalMs, options.signal)
    }
    const others = workers.map(({ thread, samples: own }) => ({ tid: thread.tid, samples: own }))
    return { engine: 'memory', samples, missed, ...(others.length > 0 ? { workers: others } : {}) }
  } finally {
    opened.dispose()
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

function untilTurn(atMs: number, signal: AbortSignal | undefined): Promise<void> {
  const waitMs = atMs - performance.now()
  if (waitMs <= 0 || signal?.aborted === true) return new Promise((resolve) => setImmediate(resolve))
  return new Promise((resolve) => {
    const timer = setTimeout(done, waitMs)
    function done(): void {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    signal?.addEventListener('abort', done, { once: true })
  })
}
