/** Further looks at a client that leaks its answers and goes on in bursts. */
import { describe, expect, test } from 'vitest'
import { lookLonger } from '../../../src/investigate/look-longer.js'
import type { CapturedLook } from '../../../src/model/look.js'

/** What it has done so far is its state: between two looks that are alike nothing moved. */
function look(done: number, unread = 3): CapturedLook {
  const unreadAnswers = [{ agent: 'Agent', unread, sockets: 4, limit: 4, example: 'GET http://a/b, answer begun' }]
  const evidence = {
    engine: 'memory' as const,
    awaits: [],
    roots: [],
    suspended: 0,
    pausedMs: 0,
    notes: [],
    unreadAnswers,
  }
  return { takenAtMs: done, awaits: { status: 'captured', evidence, tookMs: 1, pausedMs: 0 } }
}

interface Longer {
  readonly looks: readonly number[]
  /** Before each further look. */
  readonly pauses: readonly number[]
}

/** @param further what it has done when each further look comes; no time is left for more */
async function longer(
  first: readonly CapturedLook[],
  further: readonly number[],
  endsAfter = Infinity,
): Promise<Longer> {
  const looks = [...first]
  const pauses: number[] = []
  await lookLonger(looks, {
    isBeating: (seen) => seen[0]?.takenAtMs !== seen.at(-1)?.takenAtMs,
    look(pauseMs) {
      const done = further[pauses.length]
      if (done === undefined) return Promise.resolve(null)
      pauses.push(pauseMs)
      return Promise.resolve(look(done))
    },
    hasEnded: () => pauses.length > endsAfter,
  })
  return { looks: looks.map(({ takenAtMs }) => takenAtMs), pauses }
}

const BURST = [look(1), look(4)]

describe('a process that moves while answers lie unread', () => {
  test('is looked at past its burst until two looks are alike, whatever lies between: those two count', async () => {
    expect(await longer(BURST, [9, 9, 20])).toEqual({ looks: [9, 9], pauses: [2_500, 600] })
    expect((await longer(BURST, [9, 12, 9, 20])).looks).toEqual([9, 9])
  })

  test('keeps its last two looks where none are alike, five further ones at most', async () => {
    const { looks, pauses } = await longer(BURST, [5, 6, 7, 8, 9, 10, 11])
    expect(looks).toEqual([8, 9])
    expect(pauses).toHaveLength(5)
  })

  test('keeps what there is where no time is left', async () => {
    expect((await longer(BURST, [])).looks).toEqual([1, 4])
    expect((await longer(BURST, [7])).looks).toEqual([4, 7])
  })

  test('is left with the looks before its end', async () => {
    expect((await longer(BURST, [6, 7, 8], 1)).looks).toEqual([1, 4, 6])
  })
})

test('one that stands, or of which no answer lies unread in both looks, is not looked at again', async () => {
  expect(await longer([look(4), look(4)], [9])).toEqual({ looks: [4, 4], pauses: [] })
  expect(await longer([look(1, 0), look(4)], [9])).toEqual({ looks: [1, 4], pauses: [] })
  expect(await longer([look(1), look(4, 0)], [9])).toEqual({ looks: [1, 4], pauses: [] })
  expect(await longer([look(1)], [9])).toEqual({ looks: [1], pauses: [] })
})
