/** No storm of captures: a cool-down for each cause, and a sliding window of an hour over all of them. */

const HOUR_MS = 3_600_000

export type QuotaAnswer = 'yes' | { readonly no: string; readonly againInMs: number }

export class CaptureQuota {
  private readonly cooldownMs: number
  private readonly maxPerHour: number
  private readonly lastByKey = new Map<string, number>()
  private taken: number[] = []

  constructor(cooldownMs: number, maxPerHour: number) {
    this.cooldownMs = cooldownMs
    this.maxPerHour = maxPerHour
  }

  /** @param key what must cool down: a clock's name and its trigger */
  ask(key: string, nowMs: number): QuotaAnswer {
    const last = this.lastByKey.get(key)
    if (last !== undefined && nowMs - last < this.cooldownMs) {
      const againInMs = this.cooldownMs - (nowMs - last)
      return { no: `cooling down for another ${Math.ceil(againInMs / 1000)} s`, againInMs }
    }
    this.taken = this.taken.filter((at) => nowMs - at < HOUR_MS)
    if (this.taken.length >= this.maxPerHour) {
      const againInMs = HOUR_MS - (nowMs - (this.taken[0] ?? nowMs))
      return { no: `${this.maxPerHour} captures in the last hour are the limit`, againInMs }
    }
    return 'yes'
  }

  take(key: string, nowMs: number): void {
    this.lastByKey.set(key, nowMs)
    this.taken.push(nowMs)
    // Names come and go with short-lived clocks: what has cooled down need not be remembered.
    if (this.lastByKey.size > 1000) {
      for (const [old, at] of this.lastByKey) if (nowMs - at >= this.cooldownMs) this.lastByKey.delete(old)
    }
  }
  /** What was captured for this key was over by then: the next one need not cool down. It counts in the hour all the same. */
  release(key: string): void {
    this.lastByKey.delete(key)
  }
}
