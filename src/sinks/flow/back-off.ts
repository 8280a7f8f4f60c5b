/** When a delivery that failed is tried again: later each time, with jitter, and not before the other side wants it. */

const FIRST_MS = 10_000
const LONGEST_MS = 3_600_000

/** ISO 8601. @param attempts so far, from 1 */
export function nextAttemptAt(
  attempts: number,
  retryAfterMs: number | null,
  now: number,
  random: () => number = Math.random,
): string {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(20, attempts - 1))
  // Half of it is certain, so that nobody is asked at once; the other half spreads a fleet's attempts.
  const waitMs = Math.max(full * (0.5 + random() / 2), retryAfterMs ?? 0)
  return new Date(now + waitMs).toISOString()
}
