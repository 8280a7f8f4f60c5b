/** What happened when, thread by thread: for viewers that draw time. */
import type { ClockReading } from './heartbeat.js'
import type { StackSample } from './samples.js'

/**
 * `beat`: a clock beat. `poll`: a poll was in flight, or answered. `silence`: a clock did not beat. `task`: a task was
 * being worked on. `look`: the capture looked. `capture`: something was captured. `wait`: a function, or a whole thread,
 * waited for long. `thread`: what the kernel said of a thread.
 */
export type TimelineMarkKind = 'beat' | 'poll' | 'silence' | 'task' | 'look' | 'capture' | 'wait' | 'thread'

export interface TimelineMark {
  readonly kind: TimelineMarkKind
  /** ms after the timeline's beginning. */
  readonly startMs: number
  /** Null: a moment. */
  readonly endMs: number | null
  /** One line for people. */
  readonly text: string
}

export interface TimelineTrack {
  readonly name: string
  /** Null for what is no thread of the process: clocks, the capture. */
  readonly tid: number | null
  readonly isMain: boolean
  /** `atMs` after the timeline's beginning. */
  readonly samples: readonly StackSample[]
  readonly marks: readonly TimelineMark[]
}

export interface Timeline {
  /** Of what, where, when. */
  readonly title: string
  readonly process: string
  readonly pid: number
  /** Wall clock of the beginning, ms since the epoch. */
  readonly startedAtMs: number
  readonly durationMs: number
  /** Between two samples. */
  readonly intervalMs: number
  readonly tracks: readonly TimelineTrack[]
  /** What a reader should know: which engine, what was missed. */
  readonly notes: readonly string[]
}

/** The clocks at one moment of a timeline. */
export interface ClockMoment {
  /** On the timeline. */
  readonly atMs: number
  readonly clocks: readonly ClockReading[]
}
