/** Stack samples of a running main thread, and what the profiler said. */
import type { Frame } from './frame.js'

export interface StackSample {
  /** ms after the first sample. */
  readonly atMs: number
  /** Innermost first; async parents follow, marked `async`. */
  readonly frames: readonly Frame[]
}

/** Samples of another thread, taken in the same turns as those of the main thread. */
export interface ThreadSamples {
  readonly tid: number
  /** Where it is one of another process: of its main thread, `tid` is its pid. */
  readonly process?: { readonly pid: number; readonly command: string }
  readonly samples: readonly StackSample[]
}

export interface StackSamples {
  readonly engine: 'inspector' | 'memory'
  /** Monotonic ms of the reader at the first sample, as `takenAtMs` of a look; absent in older bundles. */
  readonly startedAtMs?: number
  readonly samples: readonly StackSample[]
  /** Attempts that got no stack. */
  readonly missed: number
  /** Worker threads, also those that came or went meanwhile, and other processes; absent where there are none. */
  readonly workers?: readonly ThreadSamples[]
  /** Why it ended before its time; absent where it did not, or somebody ended it. */
  readonly end?: RecordingEnd
  /** How long somebody else had stopped the process meanwhile, ms; absent where nobody did. */
  readonly stoppedMs?: number
  /** How long the process was stopped for it, ms; absent where it never is. */
  readonly pausedMs?: number
}

/** `replaced`: the process runs another program since. */
export type RecordingEnd = 'ended' | 'replaced'

export interface ProfileSummary {
  /** File name in the bundle. */
  readonly artifact: string
  readonly durationMs: number
  readonly samples: number
  /** Hot places, most self time first. Shares of all samples, 0 to 1. */
  readonly hot: readonly {
    readonly function: string
    readonly file: string
    readonly line: number
    readonly share: number
  }[]
  /** Shares of V8's own pseudo-functions. */
  readonly gcShare: number
  readonly idleShare: number
  readonly programShare: number
}
