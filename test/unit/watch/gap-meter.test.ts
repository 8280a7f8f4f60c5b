import { expect, it } from 'vitest'
import { GapMeter } from '../../../src/watch/gap-meter.js'

it('counts nothing while turns come in time, or a little late', () => {
  const meter = new GapMeter(500)
  expect([0, 500, 1010, 2000].map((now) => meter.turn(now))).toEqual([0, 0, 0, 0])
})

it('counts what a turn took beyond its time', () => {
  const meter = new GapMeter(500)
  meter.turn(0)
  expect(meter.turn(60_500)).toBe(60_000)
  expect(meter.turn(61_000)).toBe(60_000)
  expect(meter.turn(63_000)).toBe(61_500)
})
