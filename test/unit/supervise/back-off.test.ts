import { expect, test } from 'vitest'
import { backOffMs, GOOD_RUN_MS, RestartPolicy } from '../../../src/supervise/back-off.js'

test('doubles from one second up to the limit', () => {
  const waits = [0, 1, 2, 3, 4, 5, 6, 7, 1000].map((restarts) => backOffMs(restarts, 60_000) / 1000)
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60])
})

test('begins anew after a good run', () => {
  const policy = new RestartPolicy({ backOffMaxMs: 60_000, maxRestarts: null })
  const waits = [10, 10, 10, GOOD_RUN_MS, 10].map((aliveMs) => policy.decide(aliveMs))
  expect(waits.map((decision) => decision.restart && decision.waitMs)).toEqual([1000, 2000, 4000, 1000, 2000])
})

test('gives up after so many restarts without a good run between', () => {
  const policy = new RestartPolicy({ backOffMaxMs: 1, maxRestarts: 2 })
  expect([1, 1, 1].map((aliveMs) => policy.decide(aliveMs).restart)).toEqual([true, true, false])
  const rested = new RestartPolicy({ backOffMaxMs: 1, maxRestarts: 1 })
  expect([1, GOOD_RUN_MS, GOOD_RUN_MS, 1].map((aliveMs) => rested.decide(aliveMs).restart)).toEqual([
    true,
    true,
    true,
    false,
  ])
})

test('never restarts when no restart is allowed', () => {
  expect(new RestartPolicy({ backOffMaxMs: 1, maxRestarts: 0 }).decide(GOOD_RUN_MS)).toEqual({
    restart: false,
    restarts: 0,
  })
})
