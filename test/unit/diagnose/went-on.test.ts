/** A lock is served whose waiters of one look are gone in the next: how sure its verdict may be. */
import { describe, expect, test } from 'vitest'
import { clearerInMs, diagnose } from '../../../src/diagnose/diagnose.js'
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

const closerIn = (...looks: readonly Seen[]) => clearerInMs(evidence(looks.map((each) => look(each, looks.length))))

describe('a lock that nobody was found to hold', () => {
  test.each([
    ['other calls wait there than before', [4, 5, 6]],
    ['one call is gone', [2, 3, 4]],
  ])('is no more than a guess when %s', (_, now) => {
    const lock = lockOf({ calls: [1, 2, 3] }, { calls: now })
    expect(lock).toMatchObject({ confidence: 'low' })
    expect(lock?.signs).toContainEqual(expect.stringContaining('in an earlier look does not any more'))
  })

  test.each([
    ['the same calls', [{ calls: [1, 2, 3] }, { calls: [1, 2, 3] }]],
    ['calls that joined those that were there', [{ calls: [1, 2] }, { calls: [1, 2, 3] }]],
    ['calls without a number', [{}, {}]],
    [
      'the same calls in two looks after a collection',
      [{ calls: [1, 2, 3] }, { calls: [4, 5, 6], collections: 8 }, { calls: [4, 5, 6], collections: 8 }],
    ],
    ['calls that the earlier look may have missed', [{ calls: [1], unsettled: true as const }, { calls: [4, 5, 6] }]],
  ])('is likely with %s', (_, looks) => {
    const lock = lockOf(...looks)
    expect(lock).toMatchObject({ confidence: 'medium' })
    expect(lock?.signs).not.toContainEqual(expect.stringContaining('in an earlier look'))
  })

  test('is looked at again where a collection fell between, and is a guess where that is so again and again', () => {
    const seen = [1, 4, 7, 10].map((call, index): Seen => ({ calls: [call, call + 1], collections: index }))
    expect(closerIn(...seen.slice(0, 2))).toBe(450)
    expect(closerIn(...seen.slice(0, 1), { calls: [1, 2, 3], collections: 8 })).toBe(null)
    expect(lockOf(...seen.slice(0, 2))).toMatchObject({ confidence: 'medium' })
    expect(lockOf(...seen)).toMatchObject({ confidence: 'low' })
    expect(closerIn(...seen)).toBe(null)
  })
})

/** Of one function that waits for something of which nothing is known. */
function unknown(calls: readonly number[]): Partial<Look> {
  const seen = look({}, 2)
  const waits = { kind: 'unknown' as const, summary: 'something unknown' }
  return seen.awaits == null
    ? seen
    : { ...seen, awaits: { ...seen.awaits, awaits: [awaitNode('book', 4, waits, { looks: 2, calls })] } }
}

const said = (...looks: readonly Partial<Look>[]) => {
  const idle = diagnose(evidence(looks)).find(({ kind }) => kind === 'idle')
  return `${idle?.summary ?? ''} ${idle?.signs.join(' ') ?? ''}`
}

test('an idle program in which calls come and go is not said to stand still', () => {
  expect(said(unknown([1]), unknown([2]))).toContain('At book (worker.js:4) calls come and go')
  expect(said(unknown([1]), unknown([2]))).not.toMatch(/nothing moved|no await moved/)
  expect(said(unknown([1]), unknown([1]))).not.toContain('come and go')
  expect(said(unknown([1]), unknown([1]))).toMatch(/nothing moved.*no await moved/)
})
