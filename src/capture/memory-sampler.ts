/**
 * Samples of the stacks of a process at a steady rate, and of the processes that it has started when they are asked for:
 * all of them in the same turns of one clock.
 */
import type { StackSamples, ThreadSamples } from '../model/samples.js'
import type { Target } from '../model/target.js'
import { ProcessSampler } from './process-sampler.js'
import { forEachTurn } from './turns.js'
import type { TurnOptions } from './turns.js'

/** A process to sample beside the first. */
export interface AlsoSampled {
  readonly target: Target
  readonly command: string
}

export interface SamplerOptions extends TurnOptions {
  readonly onSample?: (count: number) => void
  /** Stops the process for each sample. */
  readonly stop?: boolean
  /** Asked a few times a second for processes that have come; each is named once. */
  readonly others?: () => readonly AlsoSampled[]
}

const MAX_SAMPLES = 1_000_000
const LOOK_FOR_OTHERS_MS = 250

/**
 * Resolves when the time is over, the signal is aborted, or the process has ended or runs another program.
 *
 * @throws StallError as `ProcessSampler`
 */
export async function sampleFromMemory(target: Target, options: SamplerOptions): Promise<StackSamples> {
  const first = new ProcessSampler(target, options.stop === true)
  const others = new OtherProcesses(options)
  try {
    first.warmUp()
    const missed = await forEachTurn(options, (atMs) => {
      if (first.samples.length >= MAX_SAMPLES || !first.take(atMs)) return false
      others.take(atMs)
      options.onSample?.(first.samples.length)
      return true
    })
    const workers = [...first.workers, ...others.tracks()]
    return {
      engine: 'memory',
      samples: first.samples,
      missed: missed + first.torn,
      ...(workers.length > 0 ? { workers } : {}),
      ...(first.end === null ? {} : { end: first.end }),
      ...(first.stoppedMs > 0 ? { stoppedMs: first.stoppedMs } : {}),
      ...(options.stop === true ? { pausedMs: first.pausedMs + others.pausedMs() } : {}),
    }
  } finally {
    first.dispose()
    others.dispose()
  }
}

/** Those that were started by the first, as they come and go. */
class OtherProcesses {
  readonly #options: SamplerOptions
  readonly #open: { readonly sampler: ProcessSampler; readonly pid: number; readonly command: string }[] = []
  /** Not ready yet: a program that starts has no isolate for a moment. */
  #starting: readonly AlsoSampled[] = []
  #askedAtMs = -Infinity

  constructor(options: SamplerOptions) {
    this.#options = options
  }

  take(atMs: number): void {
    if (this.#options.others && atMs - this.#askedAtMs >= LOOK_FOR_OTHERS_MS) {
      this.#askedAtMs = atMs
      this.#starting = [...this.#starting, ...this.#options.others()].filter((each) => !this.#opens(each))
    }
    for (const { sampler } of this.#open) sampler.take(atMs)
  }

  #opens({ target, command }: AlsoSampled): boolean {
    try {
      this.#open.push({
        sampler: new ProcessSampler(target, this.#options.stop === true),
        pid: target.pid,
        command,
      })
      return true
    } catch {
      // Not yet, or no more: it is tried again until the recording ends.
      return false
    }
  }

  pausedMs(): number {
    return this.#open.reduce((sum, { sampler }) => sum + sampler.pausedMs, 0)
  }

  tracks(): readonly ThreadSamples[] {
    return this.#open.flatMap(({ sampler, pid, command }) => [
      { tid: pid, samples: sampler.samples, process: { pid, command } },
      ...sampler.workers.map((worker) => ({ ...worker, process: { pid, command } })),
    ])
  }

  dispose(): void {
    for (const { sampler } of this.#open) sampler.dispose()
  }
}
