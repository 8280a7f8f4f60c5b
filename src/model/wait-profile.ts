/** Where the time of awaits goes: chains of suspended functions with what they wait for, and for how long. */
import type { Frame } from './frame.js'
import type { RecordingEnd } from './samples.js'

export interface WaitStack {
  /** What is waited for, then the function that waits, then those that await it. */
  readonly frames: readonly Frame[]
  /** Of all functions that waited like this, ms. */
  readonly waitedMs: number
}

export interface WaitProfile {
  /** Longest first. */
  readonly stacks: readonly WaitStack[]
  /** Turns that were taken, and such as went by. */
  readonly turns: number
  readonly missed: number
  /** How often the heap was searched for functions; in between those that are known were read again. */
  readonly scans: number
  /** Most functions that were suspended at a time. */
  readonly functions: number
  readonly end?: RecordingEnd
  /** How long somebody had stopped the process meanwhile, ms; absent where nobody did. */
  readonly stoppedMs?: number
}
