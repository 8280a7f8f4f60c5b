/** A lock whose waiters are other calls in each look is served: how sure its verdict may be. */
import { describe, expect, test } from 'vitest'
import { diagnose } from '../../../src/diagnose/diagnose.js'
import type { Look } from '../../../src/model/evidence.js'
import { awaitNode, evidence, idleMain, pathOf } from '../../support/evidence.js'

interface Seen {
  readonly calls?: readonly number[]
  readonly collections?: number
  readonly unsettled?: true
}

/** Three functions in the queue of a lock that nobody was found to hold. */
function look({ calls, collections = 7, unsettled }: Seen, looks: number): Partial<Look> {
  const lock = { kind: 'lock' as const, summary: 'Mutex.waiters', parts: pathOf('a', 'Mutex.waiters') }
  return {
    threads: [idleMain()],
    awaits: {
      engine: 'memory',
      awaits: [awaitNode('book', 4, lock, { count: 3, looks, ...(calls === undefined ? {} : { calls }) })],
      roots: [],
      suspended: 3,
      pausedMs: 0,
      notes: [],
      collections,
      ...(unsettled === undefined ? {} : { unsettled }),
    },
  }
}

const lockOf = (...looks: readonly Seen[]) =>
  diagnose(evidence(looks.map((each) => look(each, looks.length)))).find(({ cause }) => cause === 'lock')

describe('a lock that nobody was found to hold', () => {
  test('is no more than a guess when other calls wait there than before', () => {
    const lock = lockOf({ calls: [1, 2, 3] }, { calls: [4, 5, 6] })
    expect(lock).toMatchObject({ confidence: 'low' })
    expect(lock?.signs).toContainEqual(expect.stringContaining('other calls wait there'))
  })

  test.each([
    ['the same calls', [{ calls: [1, 2, 3] }, { calls: [1, 2, 3] }]],
    ['one call that was there before', [{ calls: [1, 2, 3] }, { calls: [3, 4, 5] }]],
    ['calls without a number', [{}, {}]],
    [
      'the same calls in two looks after a collection',
      [{ calls: [1, 2, 3] }, { calls: [4, 5, 6], collections: 8 }, { calls: [4, 5, 6], collections: 8 }],
    ],
    ['calls that the earlier look may have missed', [{ calls: [1], unsettled: true as const }, { calls: [4, 5, 6] }]],
  ])('is likely with %s', (_, looks) => {
    const lock = lockOf(...looks)
    expect(lock).toMatchObject({ confidence: 'medium' })
    expect(lock?.signs).not.toContainEqual(expect.stringContaining('other calls'))
  })

  test('is a guess where a collection fell between all looks and no call is the same', () => {
    expect(lockOf({ calls: [1, 2, 3] }, { calls: [4, 5, 6], collections: 8 })).toMatchObject({ confidence: 'low' })
  })
})
