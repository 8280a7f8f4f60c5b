/** What `watch` shows: one moment of a process, and what happened since the one before. */
import type { ClockReading } from './heartbeat.js'
import type { PoolState } from './loop.js'
import type { ThreadStack } from './thread.js'
import type { WaitsFor } from './await.js'
import type { Frame } from './frame.js'

/** One place that suspended functions stand at. */
export interface LiveWait {
  /** The outermost function that awaits it: the poll loop, seen from below. */
  readonly root: Frame
  /** The innermost frame outside node, where there is one. */
  readonly at: Frame
  readonly count: number
  readonly waitsFor: WaitsFor | null
}

export interface LiveLoop {
  /** Longest time that the loop did not turn, or a timer was late, among the samples since the last moment, ms. */
  readonly lagMs: number
  readonly turnsPerSecond: number | null
  /** In poll at the last sample. */
  readonly polling: boolean
  readonly activeHandles: number
  readonly timers: number
}

export interface LiveMoment {
  /** ISO 8601. */
  readonly at: string
  readonly pid: number
  /** Null where memory can't be read. */
  readonly loop: LiveLoop | null
  /** The main thread; with memory its stack, else what the kernel says. */
  readonly main: ThreadStack | null
  readonly pool: (Pick<PoolState, 'size' | 'idle'> & { readonly queued: number }) | null
  /** As of `waitsAgeMs` ago: a large heap is not scanned at every moment. Null: not had. */
  readonly waits: readonly LiveWait[] | null
  readonly waitsAgeMs: number | null
  /** From the agent; null without one. */
  readonly clocks: readonly ClockReading[] | null
  readonly agentState: string | null
  readonly lastIncident: string | null
  /** What could not be had and why, one sentence each. */
  readonly notes: readonly string[]
}
