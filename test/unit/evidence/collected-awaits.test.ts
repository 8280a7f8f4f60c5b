import { expect, test } from 'vitest'
import { keepCollected } from '../../../src/evidence/collected-awaits.js'
import type { AwaitNode } from '../../../src/model/await.js'
import type { Look } from '../../../src/model/evidence.js'
import type { Frame } from '../../../src/model/frame.js'
import { awaitNode, clock, evidence, WORKER } from '../../support/evidence.js'

const frame = (name: string): Frame => ({
  function: name,
  file: WORKER,
  line: 5,
  column: 1,
  tier: null,
  async: true,
  native: false,
})
const nothing = { kind: 'nothing', why: 'no-settler', summary: 'nothing alive can settle it' } as const
const sendMail = awaitNode('sendMail', 4, nothing, { awaitedBy: [frame('main')] })
const main = awaitNode('main', 5, { kind: 'await', summary: 'another suspended function' })
const timer = awaitNode('main', 9, { kind: 'timer', summary: 'a timer', dueInMs: 100 })

function look(beats: number, collections: number, ...awaits: AwaitNode[]): Partial<Look> {
  const tree = {
    engine: 'memory',
    awaits,
    roots: [],
    suspended: awaits.length,
    pausedMs: 0,
    notes: [],
    collections,
  } as const
  return {
    awaits: tree,
    clocks: [clock({ beats }), clock({ name: 'event-loop', kind: 'event-loop', beats: beats * 10 })],
  }
}

function lastOf(...looks: Partial<Look>[]): readonly AwaitNode[] | undefined {
  return keepCollected(evidence(looks, {}, 20_000).looks).at(-1)?.awaits?.awaits
}

test('keeps what nothing could settle and a collection took while the loop stood still', () => {
  const kept = lastOf(look(5, 1, sendMail, main), look(5, 2), look(5, 2))
  expect(kept).toEqual([
    {
      ...sendMail,
      seenMs: 40_000,
      waitsFor: { ...nothing, unproved: 'collected', doubt: expect.stringContaining('garbage collector') as string },
    },
  ])
})

test('tells it in place of the function that awaited it, is kept by somebody, and now waits for nothing itself', () => {
  const left = { ...awaitNode('main', 5, nothing), column: 1 }
  expect(lastOf(look(5, 1, sendMail, main), look(5, 2, left))?.map((each) => each.function)).toEqual(['sendMail'])
  // At another line it went on, and what nothing can settle is another wait.
  const elsewhere = { ...awaitNode('main', 8, nothing), column: 1 }
  expect(lastOf(look(5, 1, sendMail, main), look(5, 2, elsewhere))?.map((each) => each.function)).toEqual(['main'])
})

test('tells it in place of its remains in freed memory', () => {
  const kept = lastOf(look(5, 1, sendMail, main), look(5, 2, { ...sendMail, doubtful: true }))
  expect(kept?.map((each) => [each.function, each.doubtful, each.waitsFor?.unproved])).toEqual([
    ['sendMail', undefined, 'collected'],
  ])
  // The remains of another call of it are no sign of this one.
  const other = { ...sendMail, line: 8, doubtful: true }
  expect(lastOf(look(5, 1, sendMail, main), look(5, 2, other))).toEqual([other])
})

test('keeps it below a module that still stands at that await, with nothing found that it waits for', () => {
  const still = { ...awaitNode('main', 5, null), column: 1 }
  expect(lastOf(look(5, 1, sendMail, main), look(5, 2, still))?.map((each) => each.function)).toEqual([
    'main',
    'sendMail',
  ])
})

test.each([
  [
    'its awaiter has moved on to another line',
    [look(5, 1, sendMail, main), look(5, 2, { ...awaitNode('main', 9, null), column: 1 })],
  ],
  ['the loop has beaten since', [look(5, 1, sendMail, main), look(6, 2)]],
  ['no collection ran', [look(5, 1, sendMail, main), look(5, 1)]],
  ['its chain is still there and waits elsewhere', [look(5, 1, sendMail, main), look(5, 2, timer)]],
  ['it is still there', [look(5, 1, sendMail, main), look(5, 2, main)]],
  ['nobody awaits it', [look(5, 1, { ...sendMail, awaitedBy: [] }), look(5, 2)]],
  ['it may have been garbage before', [look(5, 1, { ...sendMail, doubtful: true }, main), look(5, 2)]],
  ['it waited for something', [look(5, 1, { ...sendMail, waitsFor: timer.waitsFor }, main), look(5, 2)]],
  [
    'the later look was not read to its end',
    [look(5, 1, sendMail, main), { ...look(5, 2), awaits: { ...look(5, 2).awaits!, cutShort: true } }],
  ],
])('keeps nothing where %s', (_why, looks) => {
  expect(lastOf(...looks)?.some((each) => each.function === 'sendMail')).toBe(false)
})
