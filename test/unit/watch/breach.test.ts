import { describe, expect, it } from 'vitest'
import { deservesEarlyLook, eventLoopStallMs, examine } from '../../../src/watch/breach.js'
import { clock, SETTINGS } from './fake-clocks.js'

const FULL = { slotsInUse: 4, slots: 4, lastSuccessMs: 301_000, oldestTaskMs: 301_000 }

describe('what is wrong with a clock', () => {
  it.each([
    ['a healthy one', {}, null],
    ['silence below the warning', { ageMs: 44_999 }, null],
    ['silence that is reported', { ageMs: 45_000 }, 'loop-silence warn 45000'],
    ['silence that ends the process', { ageMs: 300_000 }, 'loop-silence stall 300000'],
    ['a paused one', { ageMs: 900_000, paused: true }, null],
    ['a declared wait', { ageMs: 400_000, quietMs: 10_000 }, null],
    ['silence after a declared wait', { ageMs: 400_000, quietMs: 300_000 }, 'loop-silence stall 300000'],
    ['its own thresholds', { ageMs: 3000, warnAfterMs: 1000, stallAfterMs: 5000 }, 'loop-silence warn 1000'],
    [
      'its own stall threshold below the general warning',
      { ageMs: 2600, stallAfterMs: 5000 },
      'loop-silence warn 2500',
    ],
    ['its own stall threshold reached', { ageMs: 5000, stallAfterMs: 5000 }, 'loop-silence stall 5000'],
    ['a loop that is gone', { ended: true }, 'ended warn 0'],
    ['a loop that is gone for long', { ended: true, ageMs: 300_000 }, 'loop-silence stall 300000'],
    [
      'a loop that ends with its process: the main thread tells',
      { ended: true, endedWithProcess: true, ageMs: 900_000 },
      null,
    ],
    ['no answer for a while', { lastSuccessMs: 200_000 }, 'poll-success warn 200000'],
    ['no answer for too long', { lastSuccessMs: 300_000 }, 'poll-success stall 300000'],
    [
      'no answer for too long, and a poll that is about to fail as well',
      { ageMs: 50_000, lastSuccessMs: 300_000 },
      'poll-success stall 300000',
    ],
    ['no answer for a while, and a silent loop', { ageMs: 50_000, lastSuccessMs: 200_000 }, 'loop-silence warn 45000'],
    ['never an answer', { lastSuccessMs: null, openForMs: 300_000 }, 'poll-success stall 300000'],
    ['never an answer, but young', { lastSuccessMs: null, openForMs: 1000 }, null],
    ['no answer during a declared wait', { lastSuccessMs: 300_000, expectedWaitMs: 5 }, null],
    ['no answer, but it never polls', { lastSuccessMs: null, polls: false }, null],
    [
      'full slots, all tasks past their time-out',
      { ...FULL, youngestTaskMs: 20_000, responseTimeoutMs: 10_000 },
      'poll-success stall 300000',
    ],
    ['full slots, one task young', { ...FULL, youngestTaskMs: 9000, responseTimeoutMs: 10_000 }, null],
    ['full slots, time-out unknown, one task young', { ...FULL, youngestTaskMs: 9000 }, null],
    ['full slots, time-out unknown, all old', { ...FULL, youngestTaskMs: 300_500 }, 'poll-success stall 300000'],
    ['a free slot', { ...FULL, slotsInUse: 3, youngestTaskMs: 1 }, 'poll-success stall 300000'],
    ['an event loop that turns', { kind: 'event-loop', ageMs: 4999 }, null],
    ['an event loop that does not', { kind: 'event-loop', ageMs: 5000 }, 'event-loop warn 5000'],
    [
      'an event loop that never did, where its poll loops speak for it',
      { kind: 'event-loop', ageMs: 9e6 },
      'event-loop warn 5000',
    ],
    ['a custom clock', { kind: 'custom', ageMs: 300_000, polls: false }, 'loop-silence stall 300000'],
  ] as const)('%s', (_title, change, expected) => {
    const found = examine(clock(change), SETTINGS, 0)
    expect(found && `${found.trigger} ${found.level} ${found.thresholdMs}`).toBe(expected)
  })

  it.each([
    ['silence', { ageMs: 900_000 }, 'loop-silence'],
    ['silence with a threshold of its own', { ageMs: 900_000, stallAfterMs: 1000 }, 'loop-silence'],
    ['no answer', { lastSuccessMs: 900_000 }, 'poll-success'],
  ] as const)('never ends the process with the watchdog off: %s', (_title, change, trigger) => {
    expect(examine(clock(change), { ...SETTINGS, stallTimeoutMs: 0 }, 0)).toMatchObject({ trigger, level: 'warn' })
  })

  it('never ends the process for want of answers when that threshold is off', () => {
    const settings = { ...SETTINGS, pollSuccessTimeoutMs: 0 }
    expect(examine(clock({ lastSuccessMs: 900_000 }), settings, 0)).toMatchObject({ level: 'warn' })
  })
})

describe('an event loop that does not turn ends the process', () => {
  const loop = clock({ name: 'event-loop', kind: 'event-loop', ageMs: 300_000, index: 9 })
  const poller = clock()
  const requests = clock({ requestsOnly: true, paused: true })

  it.each([
    ['after the time-out of the watchdog where no poll loop is known', [loop], {}, 300_000],
    ['the same where only its requests are seen', [loop, requests], {}, 300_000],
    ['never by itself beside a poll loop, whose silence ends it', [loop, poller], {}, 0],
    [
      'never beside a heartbeat that is paused: long computing, declared',
      [loop, { ...poller, kind: 'custom', paused: true }],
      {},
      0,
    ],
    ['but beside a poller that merely pauses', [loop, { ...poller, paused: true }], {}, 300_000],
    ['after its own time-out, whatever clocks there are', [loop, poller], { eventLoopTimeoutMs: 60_000 }, 60_000],
    ['never when that is 0', [loop], { eventLoopTimeoutMs: 0 }, 0],
    ['never with the watchdog off', [loop], { eventLoopTimeoutMs: 60_000, stallTimeoutMs: 0 }, 0],
  ] as const)('%s', (_title, clocks, change, expected) => {
    const settings = { ...SETTINGS, ...change }
    const stallMs = eventLoopStallMs(clocks, settings)
    expect(stallMs).toBe(expected)
    const level = expected === 0 ? 'warn' : 'stall'
    expect(examine(loop, settings, stallMs)).toMatchObject({ trigger: 'event-loop', level })
  })

  it('is looked at before that, however short the time-out', () => {
    const at = (ageMs: number) => examine({ ...loop, ageMs }, SETTINGS, 2000)?.level ?? null
    expect([999, 1000, 1999, 2000].map(at)).toEqual([null, 'warn', 'warn', 'stall'])
  })
})

describe('the early look', () => {
  it.each([
    ['silent for 2 s and ten usual intervals', { ageMs: 2001, usualIntervalMs: 200 }, true],
    ['silent for less than 2 s', { ageMs: 2000, usualIntervalMs: 1 }, false],
    ['silent for less than ten usual intervals', { ageMs: 9000, usualIntervalMs: 1000 }, false],
    ['not known how long is usual', { ageMs: 9000, usualIntervalMs: null }, false],
    ['paused', { ageMs: 9000, paused: true }, false],
    ['a declared wait', { ageMs: 9000, quietMs: 0 }, false],
    ['the event loop', { ageMs: 9000, kind: 'event-loop' }, false],
  ] as const)('%s', (_title, change, expected) => {
    expect(deservesEarlyLook(clock(change))).toBe(expected)
  })
})
