import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ClockBoard } from '../../../../src/heartbeat/clock-board.js'
import { observeClocks } from '../../../../src/heartbeat/clock-observer.js'
import { ClockReader, type ObservedClock } from '../../../../src/heartbeat/clock-reader.js'
import { DeliveryLoop } from '../../../../src/integrations/queues/delivery-loop.js'

const NAME = 'amqplib:invoices'

class Bench {
  readonly board = new ClockBoard()
  readonly reader = new ClockReader(this.board.memory)
  readonly loop = new DeliveryLoop(this.board, NAME, 0)

  clock(): ObservedClock | undefined {
    observeClocks(this.board.memory, 1_000, 0)
    return this.reader.observe(1_000).find(({ name }) => name === NAME)
  }
}

let bench: Bench
beforeEach(() => {
  vi.useFakeTimers()
  bench = new Bench()
})
afterEach(() => vi.useRealTimers())

test('is at rest while it has room, and expects something once it has none', () => {
  bench.loop.consumes(2)
  expect(bench.clock()).toMatchObject({ paused: true, slotsInUse: 0, slots: 2 })
  const first = bench.loop.begin({ id: '1' })
  expect(bench.clock()).toMatchObject({ paused: true, slotsInUse: 1 })
  bench.loop.begin({ id: '2' })
  expect(bench.clock()).toMatchObject({ paused: false, slotsInUse: 2 })
  first.end()
  first.end()
  expect(bench.clock()).toMatchObject({ paused: true, slotsInUse: 1 })
})

test('is never full without a limit', () => {
  bench.loop.consumes(0)
  for (let i = 0; i < 50; i++) bench.loop.begin({ id: String(i) })
  expect(bench.clock()).toMatchObject({ paused: true, slotsInUse: 50, slots: null })
})

describe('lost', () => {
  test('is at its end when nobody tries in time, and goes on as long as somebody does', () => {
    let tries = 2
    bench.loop.consumes(2)
    bench.loop.lost(new Error('Socket error'), 90_000, () => tries-- > 0)
    expect(bench.clock()).toMatchObject({ paused: false, failuresInRow: 1, lastError: 'Error: Socket error' })
    vi.advanceTimersByTime(100_000)
    expect(bench.clock()).toMatchObject({ ended: false, failuresInRow: 2 })
    vi.advanceTimersByTime(200_000)
    expect(bench.clock()?.ended).toBe(true)
    expect(bench.loop.over).toBe(true)
  })

  test('is well again when it consumes', () => {
    bench.loop.consumes(2)
    bench.loop.lost(new Error('Socket error'), 15_000, () => false)
    bench.loop.consumes(1)
    vi.advanceTimersByTime(60_000)
    expect(bench.clock()).toMatchObject({ paused: true, ended: false, failuresInRow: 0, slots: 1 })
  })

  test('has no clock once it is closed', () => {
    bench.loop.consumes(2)
    bench.loop.lost(new Error('Socket error'), 15_000, () => false)
    bench.loop.close()
    vi.advanceTimersByTime(60_000)
    expect(bench.clock()).toBeUndefined()
    expect(bench.reader.readEnded()).toEqual([])
  })
})

test('beats while the broker takes nothing from it, and is at rest again after that', () => {
  bench.loop.consumes(2)
  bench.loop.block('low on memory')
  const { beats = 0 } = bench.clock() ?? {}
  vi.advanceTimersByTime(3_000)
  expect(bench.clock()).toMatchObject({ paused: false, failuresInRow: 1, lastError: 'Error: low on memory' })
  expect(bench.clock()?.beats).toBeGreaterThan(beats)
  bench.loop.unblock()
  expect(bench.clock()).toMatchObject({ paused: true, failuresInRow: 0 })
})
