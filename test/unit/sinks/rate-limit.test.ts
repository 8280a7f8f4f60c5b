/** Whether an answer means "too often", and for how long to stay away. */
import { expect, test } from 'vitest'
import { isRateLimit, waitMs } from '../../../src/sinks/http/rate-limit.js'

const NOW = Date.parse('2026-11-25T10:00:00Z')
const headers =
  (values: Readonly<Record<string, string>> = {}) =>
  (name: string): string =>
    values[name] ?? ''

test.each([
  ['429', 429, {}, '', true],
  ['403 with no request left', 403, { 'x-ratelimit-remaining': '0' }, '', true],
  ['403 with Retry-After', 403, { 'retry-after': '30' }, '', true],
  ['403 that speaks of a secondary rate limit', 403, {}, 'You have exceeded a secondary rate limit.', true],
  ['403 with requests left: a permission', 403, { 'x-ratelimit-remaining': '17' }, 'Resource not accessible', false],
  ['401, whatever is left', 401, { 'x-ratelimit-remaining': '0' }, '', false],
])('%s', (_what, status, values, text, expected) => {
  expect(isRateLimit(status, headers(values), text)).toBe(expected)
})

test('Retry-After comes first, then seconds, then a time; a minute where GitHub says nothing', () => {
  const epoch = String(NOW / 1000 + 90)
  expect(waitMs(429, headers({ 'retry-after': '7', 'ratelimit-reset': '99' }), NOW)).toBe(7000)
  expect(waitMs(429, headers({ 'ratelimit-reset': '45' }), NOW)).toBe(45_000)
  expect(waitMs(403, headers({ 'x-ratelimit-reset': epoch }), NOW)).toBe(90_000)
  expect(waitMs(403, headers({ 'x-ratelimit-reset': '1700000000' }), NOW)).toBe(0)
  expect(waitMs(429, headers({ 'ratelimit-reset': '999999999' }), NOW)).toBe(86_400_000)
  expect(waitMs(403, headers(), NOW)).toBe(60_000)
  expect(waitMs(429, headers({ 'ratelimit-reset': 'soon' }), NOW)).toBeNull()
})
