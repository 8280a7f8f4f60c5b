/** How long to wait before the next start: min(1 s * 2^n, limit), n the restarts since the last good run. Pure. */

/** First wait, ms. */
const BASE_MS = 1000
/** A run this long was a good one: what ends it afterwards is a new trouble, not the old one again. */
export const GOOD_RUN_MS = 60_000

export interface RestartLimits {
  /** Upper bound of one wait, ms. */
  readonly backOffMaxMs: number
  /** Restarts in a row without a good run between; null: no limit. */
  readonly maxRestarts: number | null
}

export type RestartDecision =
  | { readonly restart: true; readonly waitMs: number; readonly restarts: number }
  | { readonly restart: false; readonly restarts: number }

/** `restarts`: counted from 0 since the last good run. */
export function backOffMs(restarts: number, maxMs: number): number {
  return Math.min(BASE_MS * 2 ** Math.min(restarts, 30), maxMs)
}

export class RestartPolicy {
  readonly #limits: RestartLimits
  #restarts = 0

  constructor(limits: RestartLimits) {
    this.#limits = limits
  }

  /** What to do after a run of `aliveMs`. */
  decide(aliveMs: number): RestartDecision {
    if (aliveMs >= GOOD_RUN_MS) this.#restarts = 0
    const { maxRestarts, backOffMaxMs } = this.#limits
    if (maxRestarts !== null && this.#restarts >= maxRestarts) return { restart: false, restarts: this.#restarts }
    const waitMs = backOffMs(this.#restarts, backOffMaxMs)
    this.#restarts += 1
    return { restart: true, waitMs, restarts: this.#restarts }
  }
}
