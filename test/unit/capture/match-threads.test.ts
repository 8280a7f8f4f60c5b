import { expect, test } from 'vitest'
import { matchThreads } from '../../../src/capture/match-threads.js'
import { toAddress } from '../../../src/model/address.js'
import type { ThreadRole } from '../../../src/model/thread.js'

const [MAIN, OWN] = [toAddress(0x1000), toAddress(0x2000)]
const isolates = [MAIN, OWN].map((address) => ({ address, pages: [] }))
const roles = new Map<number, ThreadRole>([
  [10, 'main'],
  [11, 'v8-platform'],
  [12, 'worker'],
  [13, 'v8-platform'],
])

function tids(byThread: ReadonlyMap<number, typeof MAIN>): { tids: number[]; unmatched: number } {
  const { matched, unmatched } = matchThreads(isolates, 10, byThread, roles)
  return { tids: matched.map(({ tid }) => tid), unmatched }
}

test('takes no thread of the platform that helps an isolate for one that runs JavaScript', () => {
  const claims = new Map([
    [11, MAIN],
    [12, OWN],
    [13, OWN],
    [10, MAIN],
  ])
  expect(tids(claims)).toEqual({ tids: [10, 12], unmatched: 0 })
})

test('counts an isolate that only a helper names as one whose thread is not known', () => {
  expect(
    tids(
      new Map([
        [10, MAIN],
        [13, OWN],
      ]),
    ),
  ).toEqual({ tids: [10], unmatched: 1 })
})

test('keeps a thread of which nobody knows what it was started for', () => {
  expect(
    tids(
      new Map([
        [10, MAIN],
        [99, OWN],
      ]),
    ),
  ).toEqual({ tids: [10, 99], unmatched: 0 })
})
