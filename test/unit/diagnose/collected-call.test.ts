/** A function that stands at a call of which no function is left: collected, or only not seen while it ran. */
import { expect, test } from 'vitest'
import { diagnose } from '../../../src/diagnose/diagnose.js'
import type { WaitsFor } from '../../../src/model/await.js'
import type { Look } from '../../../src/model/evidence.js'
import { awaitNode, clock, evidence, idleMain, silence } from '../../support/evidence.js'

const GONE: WaitsFor = { kind: 'await', until: 'end', by: null, summary: 'the end of a suspended function' }
const CALLED: WaitsFor = { kind: 'await', summary: 'another suspended function' }

function look(waitsFor: WaitsFor, collections: number, looks: number): Partial<Look> {
  const awaits = [awaitNode('pay', 4, waitsFor, { looks })]
  const tree = { engine: 'memory' as const, roots: [], suspended: 1, pausedMs: 0, notes: [] }
  return { threads: [idleMain()], awaits: { ...tree, awaits, collections }, clocks: [clock({ ageMs: 60_000 })] }
}

const told = (...seen: readonly (readonly [WaitsFor, number])[]) =>
  diagnose(
    evidence(
      seen.map(([waitsFor, collections]) => look(waitsFor, collections, seen.length)),
      { stall: silence() },
    ),
  ).find(({ cause }) => cause === 'never-settles')

test('is likely where no look sees a function of the call', () => {
  expect(told([GONE, 7], [GONE, 7])).toMatchObject({ confidence: 'medium', where: { function: 'pay' } })
})

test('is a guess where the last look alone misses it, after a collection', () => {
  expect(told([CALLED, 7], [GONE, 8])).toMatchObject({ confidence: 'low' })
})

test.each<[string, readonly [WaitsFor, number][]]>([
  [
    'an earlier look saw it and nothing was collected since',
    [
      [CALLED, 7],
      [GONE, 7],
    ],
  ],
  [
    'the one before did',
    [
      [GONE, 7],
      [CALLED, 8],
      [GONE, 8],
    ],
  ],
  [
    'it went on while it was read',
    [
      [{ ...GONE, changed: true }, 7],
      [{ ...GONE, changed: true }, 7],
    ],
  ],
])('is not said where %s', (_, looks) => {
  expect(told(...looks)).toBeUndefined()
})
