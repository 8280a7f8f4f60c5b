/** A clock as the watch thread and every reader see it. Times are monotonic ages in ms, never wall-clock. */

export type ClockKind = 'poll-loop' | 'event-loop' | 'custom'

export interface ClockReading {
  readonly name: string
  readonly kind: ClockKind
  /** Since the last beat, less the time in which nobody ran. */
  readonly ageMs: number
  readonly beats: number
  readonly paused: boolean
  /** Remaining declared wait (`expectWait`), ms; 0 without one. */
  readonly expectedWaitMs: number
  /** Age of the poll in flight; null when none is. */
  readonly inFlightMs: number | null
  /** Since a poll (or an update that brought the next task) was last answered; null when never. */
  readonly lastSuccessMs: number | null
  /** Failed polls since the last answered one. */
  readonly failuresInRow: number
  /** What the last of them failed with; absent without any, or where it was not seen. */
  readonly lastError?: string
  readonly slotsInUse: number | null
  readonly slots: number | null
  /** Age of the oldest task in a slot, ms, and its own response time-out; null when unknown or none. */
  readonly oldestTaskMs: number | null
  readonly responseTimeoutMs: number | null
  /** Age of the youngest task in a slot, ms: while it is under its time-out, full slots are work. Null: none. */
  readonly youngestTaskMs?: number | null
  /** Usual interval between beats, ms (moving average); null before the second. */
  readonly usualIntervalMs: number | null
  /** The poller's loop promise is gone though nobody stopped it. */
  readonly ended: boolean
}
