import { expect, test } from 'vitest'
import type { ObservedClock } from '../../../src/heartbeat/clock-reader.js'
import { healthOf, type HealthContext, type HealthSettings } from '../../../src/watch/health.js'

const SETTINGS: HealthSettings = {
  stallTimeoutMs: 60_000,
  warnMs: 9000,
  eventLoopWarnMs: 5000,
  eventLoopTimeoutMs: null,
  startupTimeoutMs: 0,
  pollSuccessWarnMs: 9000,
  pollSuccessTimeoutMs: 60_000,
  cooldownMs: 0,
  maxPerHour: 6,
  graceMs: 20_000,
}
const CONTEXT: HealthContext = { leaving: false, anyLoopSeen: true, forgiven: new Set() }

function clock(name: string, ageMs: number, more: Partial<ObservedClock> = {}): ObservedClock {
  return {
    name,
    kind: name === 'event-loop' ? 'event-loop' : 'custom',
    ageMs,
    quietMs: ageMs,
    beats: 5,
    paused: false,
    expectedWaitMs: 0,
    inFlightMs: null,
    lastSuccessMs: null,
    failuresInRow: 0,
    slotsInUse: null,
    slots: null,
    oldestTaskMs: null,
    responseTimeoutMs: null,
    usualIntervalMs: null,
    ended: false,
    generation: 1,
    index: 0,
    openForMs: ageMs,
    warnAfterMs: 0,
    stallAfterMs: 0,
    endedWithProcess: false,
    polls: false,
    requestsOnly: false,
    ...more,
  }
}

test('all is well: alive and ready, without a word', () => {
  expect(healthOf([clock('event-loop', 10), clock('a', 100)], SETTINGS, CONTEXT)).toEqual({
    alive: true,
    ready: true,
    reasons: [],
  })
})

test.each([
  ['warned of', 10_000, true],
  ['past its time-out, its evidence being collected', 70_000, true],
  ['past the end that the watchdog should have made', 96_000, false],
])('a silent loop that is %s: not ready; alive: %s, %s', (_what, ageMs, alive) => {
  const health = healthOf([clock('event-loop', 10), clock('a', ageMs)], SETTINGS, CONTEXT)
  expect(health).toMatchObject({ alive, ready: false })
  expect(health.reasons).toHaveLength(1)
})

test('alive whatever happens: the watchdog is off, the clock is paused, or the stall was forgiven', () => {
  const old = [clock('event-loop', 10), clock('a', 900_000)]
  expect(healthOf(old, { ...SETTINGS, stallTimeoutMs: 0 }, CONTEXT).alive).toBe(true)
  expect(healthOf([clock('a', 900_000, { paused: true })], SETTINGS, CONTEXT).ready).toBe(true)
  expect(healthOf(old, SETTINGS, { ...CONTEXT, forgiven: new Set(['a']) })).toMatchObject({ alive: true, ready: false })
})

test('polls that nobody answers make it unready and never dead: no restart may be the cure', () => {
  const polls = clock('a', 10, { polls: true, kind: 'poll-loop', lastSuccessMs: 900_000, openForMs: 900_000 })
  expect(healthOf([polls], SETTINGS, CONTEXT)).toMatchObject({ alive: true, ready: false })
})

test('not ready while it starts and while it ends', () => {
  expect(healthOf([], SETTINGS, CONTEXT)).toMatchObject({ alive: true, ready: false })
  const starting = { ...CONTEXT, anyLoopSeen: false }
  expect(healthOf([clock('event-loop', 1)], { ...SETTINGS, startupTimeoutMs: 5 }, starting).ready).toBe(false)
  expect(healthOf([clock('event-loop', 1)], SETTINGS, starting).ready).toBe(true)
  expect(healthOf([clock('event-loop', 1)], SETTINGS, { ...CONTEXT, leaving: true }).ready).toBe(false)
})
