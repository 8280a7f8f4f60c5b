/** What the watch thread decided: which clock, how bad, since when. */
import type { Heal } from './heal.js'
import type { ClockReading } from './heartbeat.js'

/** `loop-silence`: no beat. `event-loop`: the loop does not turn. `poll-success`: beating, nothing answered. `ended`: the loop is gone. `startup`: no poll loop ever began. `outside`: seen by the supervisor, `reason` says what. `manual`: `capture()` or `dump`. `early`: kept in memory only. */
export type StallTrigger =
  | 'loop-silence'
  | 'event-loop'
  | 'poll-success'
  | 'ended'
  | 'startup'
  | 'outside'
  | 'manual'
  | 'early'

/** `warn` captures; `stall` ends the process, after the grace. */
export type StallLevel = 'warn' | 'stall'

export interface Stall {
  readonly trigger: StallTrigger
  readonly level: StallLevel
  /** Name of the clock; null for manual ones. */
  readonly clock: string | null
  readonly ageMs: number
  readonly thresholdMs: number
  /** Wall clock, ms since the epoch, when it was noticed. */
  readonly noticedAt: number
  /** Free text of a manual capture. */
  readonly reason?: string
  /** A dead connection was closed from inside in this silence, or it was tried; absent: nothing was tried. */
  readonly heal?: Heal
  readonly clocks: readonly ClockReading[]
}
