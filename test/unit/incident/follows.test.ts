import { afterEach, beforeEach, expect, test } from 'vitest'
import { readBundle } from '../../../src/incident/bundle-reader.js'
import { isSameSilence } from '../../../src/incident/follows.js'
import type { Stall } from '../../../src/model/stall.js'
import { bundleIn, PROCESS, SEAL_PARTS, temporaryFolder } from '../../support/incidents.js'

let temporary: { readonly path: string; remove(): void }
beforeEach(() => {
  temporary = temporaryFolder('follows')
})
afterEach(() => temporary.remove())

const T0 = Date.parse('2026-11-25T10:00:00.000Z')

/** A capture at `atMs` after a silence that had lasted for `ageMs`. */
function capture(trigger: Stall['trigger'], atMs: number, ageMs: number, pid = PROCESS.pid) {
  const writer = bundleIn(temporary.path)
  const stall: Stall = {
    trigger,
    level: 'warn',
    clock: 'c',
    ageMs,
    thresholdMs: 1000,
    noticedAt: T0 + atMs,
    clocks: [],
  }
  const outcome = writer.seal({ ...SEAL_PARTS, process: { ...PROCESS, pid }, stall })
  return readBundle(outcome.path).manifest
}

test('the poll loop of a process whose event loop stands still follows it, and so does a third capture', () => {
  const first = capture('event-loop', 5000, 5000)
  const second = capture('loop-silence', 45_000, 45_500)
  const third = capture('loop-silence', 300_000, 300_500)
  expect(first.follows).toBeNull()
  expect(second.follows).toBe(first.id)
  expect(third.follows).toBe(first.id)
})

test('a silence that began after the first was captured is another incident', () => {
  capture('event-loop', 5000, 5000)
  expect(capture('event-loop', 60_000, 5000).follows).toBeNull()
})

test('another process, and a capture by hand, follow nothing', () => {
  const first = capture('event-loop', 5000, 5000)
  expect(capture('event-loop', 5500, 5500, 99).follows).toBeNull()
  expect(capture('manual', 9000, 0).follows).toBeNull()
  const later = { ...first, id: `7${first.id.slice(1)}` }
  expect(isSameSilence(first, later)).toBe(true)
  expect(isSameSilence(later, first)).toBe(false)
})
