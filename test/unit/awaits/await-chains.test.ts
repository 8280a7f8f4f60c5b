import { describe, expect, test } from 'vitest'
import { AwaitChains } from '../../../src/awaits/judge/await-chains.js'
import type { Suspended, SuspendedFunctions } from '../../../src/awaits/scan/suspended.js'

interface One {
  readonly generator: number
  readonly awaits: number
  readonly result?: number
  readonly code?: number
  readonly continuation?: number
}

/** `sources`: of a promise, those whose settling settles it. */
function suspendedOf(ones: readonly One[], sources: readonly (readonly [number, readonly number[]])[] = []) {
  const list = ones.map(({ generator, awaits, result, code = 1, continuation = 0 }): Suspended => {
    const fn = { address: code } as Suspended['function']
    const results = result === undefined ? [] : [result]
    return { generator, awaits, results, function: fn, position: 0, continuation, place: null, kind: 'async function' }
  })
  const suspended: SuspendedFunctions = {
    list,
    byGenerator: new Map(list.map((one, index) => [one.generator, index])),
    byResult: new Map(list.flatMap((one, index) => one.results.map((promise) => [promise, index] as const))),
    sources: new Map(sources),
    moving: new Set(),
    dropped: 0,
    unread: 0,
  }
  return AwaitChains.of(suspended)
}

const generatorsOf = (list: readonly Suspended[]): number[] => list.map((one) => one.generator)

describe('the functions that wait for a promise', () => {
  test('are those that await it, and those that await what it settles, in the order of the scan', () => {
    // 50 settles 51 (a `then`), and 51 settles 52.
    const chains = suspendedOf(
      [
        { generator: 1, awaits: 52 },
        { generator: 2, awaits: 50 },
        { generator: 3, awaits: 51 },
        { generator: 4, awaits: 60 },
        { generator: 5, awaits: 0 },
      ],
      [
        [51, [50]],
        [52, [51]],
      ],
    )
    expect(generatorsOf(chains.waitersOf(50))).toEqual([1, 2, 3])
    expect(generatorsOf(chains.waitersOf(60))).toEqual([4])
    expect(chains.waitersOf(61)).toEqual([])
  })

  test('are none that await another function', () => {
    const chains = suspendedOf([
      { generator: 1, awaits: 50, result: 51 },
      { generator: 2, awaits: 51 },
    ])
    expect(generatorsOf(chains.waitersOf(50))).toEqual([1])
    expect(chains.bottomOf(2)).toBe(50)
    expect(chains.awaitedBy(2)).toBe(0)
  })

  test('are none of a race whose first promise is another one', () => {
    // 52 is settled by 50 or by 51, and what is said of it is what is said of 50.
    const chains = suspendedOf([{ generator: 1, awaits: 52 }], [[52, [50, 51]]])
    expect(generatorsOf(chains.waitersOf(50))).toEqual([1])
    expect(chains.waitersOf(51)).toEqual([])
  })

  test('come to an end where promises settle each other in a circle', () => {
    const chains = suspendedOf(
      [{ generator: 1, awaits: 50 }],
      [
        [50, [51]],
        [51, [50]],
      ],
    )
    expect(generatorsOf(chains.waitersOf(50))).toEqual([1])
    expect(chains.waitersOf(51)).toEqual([])
  })
})

test('functions at one await of the same code are one place', () => {
  const chains = suspendedOf([
    { generator: 1, awaits: 50, code: 7, continuation: 3 },
    { generator: 2, awaits: 51, code: 8, continuation: 3 },
    { generator: 3, awaits: 50, code: 7, continuation: 3 },
    { generator: 4, awaits: 50, code: 7, continuation: 9 },
  ])
  expect(chains.places().map(generatorsOf)).toEqual([[1, 3], [2], [4]])
  expect(chains.firstAwaiting(50)?.generator).toBe(1)
  expect(chains.lastAwaiting(50)?.generator).toBe(4)
  expect(chains.lastAwaiting(52)).toBeUndefined()
})
