/**
 * Time in which nobody ran: SIGSTOP, suspend, a frozen or throttled cgroup. The watch thread itself did not run then,
 * which shows as a turn that came far too late; that time is nobody's silence.
 */
export class GapMeter {
  private readonly turnMs: number
  private lastMs: number | null = null
  private lostMs = 0

  /** @param turnMs how long a turn should take */
  constructor(turnMs: number) {
    this.turnMs = turnMs
  }

  /**
   * @param nowMs monotonic
   * @returns ms lost so far; never less than before
   */
  turn(nowMs: number): number {
    if (this.lastMs !== null) {
      const tookMs = nowMs - this.lastMs
      // A turn that is merely late is the usual jitter of a timer on a busy machine.
      if (tookMs > this.turnMs * 2) this.lostMs += tookMs - this.turnMs
    }
    this.lastMs = nowMs
    return this.lostMs
  }
}
