/**
 * How a server says that it is asked too often, and for how long to stay away. `Retry-After` (RFC 9110) where there is one;
 * else what vendors have instead: PagerDuty's `ratelimit-reset` counts seconds
 * (https://developer.pagerduty.com/docs/rest-api-rate-limits), GitHub's `x-ratelimit-reset` is a time in seconds since the
 * epoch, and its answer may be 403, as for a permission that is missing
 * (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit).
 */
import { LONGEST_WAIT_MS, retryAfterMs } from './retry-after.js'

type Header = (name: string) => string

/** A 403 that time cures. GitHub's secondary limit may have neither header, only its sentence. */
export function isRateLimit(status: number, header: Header, text: string): boolean {
  if (status === 429) return true
  if (status !== 403) return false
  return (
    header('retry-after') !== '' || header('x-ratelimit-remaining') === '0' || /\bsecondary rate limit\b/i.test(text)
  )
}

/** GitHub: "otherwise, wait for at least one minute". */
const UNSAID_MS = 60_000

/** ms from now; null where nothing is said. */
export function waitMs(status: number, header: Header, now: number): number | null {
  const said = retryAfterMs(header('retry-after'), now) ?? resetMs(header, now)
  return said ?? (status === 403 ? UNSAID_MS : null)
}

/** More seconds than these since now are a time, not a wait: 2001 as seconds since the epoch. */
const EPOCH_FROM = 1_000_000_000

function resetMs(header: Header, now: number): number | null {
  const text = (header('ratelimit-reset') || header('x-ratelimit-reset')).trim()
  if (!/^\d{1,10}$/.test(text)) return null
  const seconds = Number(text)
  const ms = seconds >= EPOCH_FROM ? seconds * 1000 - now : seconds * 1000
  return Math.min(LONGEST_WAIT_MS, Math.max(0, ms))
}
