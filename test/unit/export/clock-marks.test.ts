import { expect, it } from 'vitest'
import type { ClockReading } from '../../../src/model/heartbeat.js'
import { clockTracks } from '../../../src/export/timeline/clock-marks.js'

function reading(changes: Partial<ClockReading>): ClockReading {
  return {
    name: 'orders',
    kind: 'poll-loop',
    ageMs: 100,
    beats: 1,
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
    ...changes,
  }
}

const texts = (...readings: Parameters<typeof clockTracks>[0]): string[] =>
  clockTracks(readings).flatMap(({ marks }) => marks.map(({ startMs, endMs, text }) => `${startMs}-${endMs} ${text}`))

it('tells each beat that was seen once, and the silence between neighbours', () => {
  expect(
    texts(
      { atMs: 1000, clocks: [reading({ beats: 4, ageMs: 100 })] },
      { atMs: 1200, clocks: [reading({ beats: 4, ageMs: 300 })] },
      { atMs: 3000, clocks: [reading({ beats: 5, ageMs: 100 })] },
      { atMs: 9000, clocks: [reading({ beats: 9, ageMs: 2000 })] },
    ),
  ).toEqual([
    '900-null orders beat (4 beats so far)',
    '900-2900 orders silent for 2 s',
    '2900-null orders beat (1 beat since the one before)',
    // Beats that nobody saw lie in between: no silence is claimed.
    '7000-null orders beat (4 beats since the one before)',
    '7000-9000 orders silent for 2 s',
  ])
})

it('draws a poll in flight once for as long as it was seen, and each answer once', () => {
  expect(
    texts(
      { atMs: 1000, clocks: [reading({ inFlightMs: 500, lastSuccessMs: 600 })] },
      { atMs: 2000, clocks: [reading({ ageMs: 1100, inFlightMs: 1502, lastSuccessMs: 1600 })] },
    ).filter((text) => text.includes('poll')),
  ).toEqual(['500-2000 poll of orders in flight for 1.5 s at least', '400-null poll of orders was answered'])
})

it('has the clocks of a look that had some when the last one had none', () => {
  expect(
    clockTracks([
      { atMs: 5, clocks: [reading({})] },
      { atMs: 9, clocks: [] },
    ]),
  ).toHaveLength(1)
  expect(clockTracks([{ atMs: 5, clocks: [] }])).toEqual([])
})
