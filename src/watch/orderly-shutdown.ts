/**
 * Whether the application is ending itself: it was asked to by a signal that it handles. A poll loop that falls silent
 * then is no stall. Should it go on polling long after, the signal meant something else, and watching goes on.
 */
const STILL_AT_WORK_MS = 60_000

/** What it needs to know of a clock. */
export interface Beating {
  readonly kind: string
  readonly ageMs: number
}

export class OrderlyShutdown {
  private noticed = 0
  private sinceMs: number | null = null

  /**
   * @param signals how many handled signals asked it to end so far
   * @param nowMs monotonic, less the time in which nobody ran
   */
  turn(signals: number, clocks: readonly Beating[], nowMs: number): boolean {
    if (signals !== this.noticed) {
      this.noticed = signals
      this.sinceMs = nowMs
    }
    const since = this.sinceMs
    if (since === null) return false
    const atWork = clocks.some((clock) => clock.kind !== 'event-loop' && nowMs - clock.ageMs > since + STILL_AT_WORK_MS)
    if (atWork) this.sinceMs = null
    return this.sinceMs !== null
  }
}
