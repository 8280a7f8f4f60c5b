/** `Retry-After` (RFC 9110, 10.2.3): seconds or a date. */

/** What nobody means seriously is cut. */
export const LONGEST_WAIT_MS = 86_400_000

/** ms from now; null without a header that can be understood. */
export function retryAfterMs(header: string, now: number): number | null {
  const text = header.trim()
  if (text === '') return null
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now
  return Number.isFinite(ms) ? Math.min(LONGEST_WAIT_MS, Math.max(0, ms)) : null
}
