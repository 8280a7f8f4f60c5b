/** Search, judgement and locks on recorded processes of every line of Node: no Node binary is needed, nor the process. */
import { describe, expect, test } from 'vitest'
import type { AwaitNode } from '../../../src/model/await.js'
import { recordedCases, type RecordedCase } from '../../support/recorded-case.js'

const MAJORS = ['node20', 'node22', 'node24', 'node26']
const CASES = recordedCases()

function named(nodes: readonly AwaitNode[], name: string): AwaitNode[] {
  return nodes.filter((node) => node.function === name)
}

function casesOf(program: string): readonly (readonly [string, RecordedCase])[] {
  return CASES.filter(({ name }) => name.endsWith(`-${program}`)).map((each) => [each.name, each] as const)
}

describe('a recorded process', () => {
  test('is there of every line of Node', () => {
    for (const program of ['locks', 'forgotten'])
      expect(casesOf(program).map(([name]) => name.split('-')[0])).toEqual(MAJORS)
  })

  test.each(CASES.map((each) => [each.name, each] as const))(
    '%s is told as it was while it was recorded',
    (_name, it) => {
      const told = it.tree().awaits.map(({ function: name, waitsFor }) => [name, waitsFor?.kind ?? null])
      expect(told.length).toBeGreaterThan(5)
      expect(told).toEqual(it.waits.map(({ name, waitsFor }) => [name, waitsFor?.['kind'] ?? null]))
    },
  )
})

describe.each(casesOf('locks'))('%s, during each scan of which garbage is collected,', (_name, it) => {
  const settled = it.tree()
  const moving = it.treeWhileCollecting()

  test('is unsettled, and says so', () => {
    expect([settled.unsettled, moving.unsettled]).toEqual([undefined, true])
    expect(settled.notes).toEqual([])
    expect(moving.notes.join()).toContain('garbage was collected during the scan')
  })

  test('is read all the same, as far as it is there', () => {
    const namesOf = ({ awaits }: typeof settled) => awaits.map(({ function: name, count }) => `${name} ${count}`)
    expect(namesOf(moving).toSorted()).toEqual(namesOf(settled).toSorted())
  })

  test('is never said to have a promise that nothing can settle', () => {
    expect(moving.awaits.filter(({ waitsFor }) => waitsFor?.kind === 'nothing')).toEqual([])
  })
})

describe.each(casesOf('locks'))('%s', (_name, it) => {
  const { awaits } = it.tree()

  test('finds the deadlock of two mutexes, and its way round', () => {
    const cycles = named(awaits, 'acquire').flatMap(({ waitsFor }) => (waitsFor?.links === undefined ? [] : [waitsFor]))
    expect(cycles.map(({ links = [] }) => links.map((link) => link.function ?? '').sort())).toEqual([
      ['audit', 'transfer'],
      ['audit', 'transfer'],
    ])
    expect(cycles.map(({ owner }) => owner)).toEqual(['Mutex.waiters', 'Mutex.waiters'])
  })

  test('finds a cycle of three', () => {
    const [philosopher] = named(awaits, 'philosopher')
    expect(philosopher).toMatchObject({ count: 3, waitsFor: { kind: 'lock', owner: 'Fork.waiting' } })
    expect(philosopher?.waitsFor?.links).toHaveLength(3)
  })

  test('calls a leaked semaphore no deadlock, and names nobody as its holder', () => {
    const [leaky] = named(awaits, 'leaky')
    expect(leaky).toMatchObject({ count: 3, waitsFor: { kind: 'lock', owner: 'Semaphore.#queue' } })
    expect(leaky?.waitsFor?.links).toBeUndefined()
    expect(leaky?.waitsFor?.holders).toBeUndefined()
  })

  test('names who holds a lock and waits for a timer', () => {
    expect(named(awaits, 'slowHolder')[0]?.waitsFor).toMatchObject({ kind: 'timer', afterMs: 3_600_000 })
    const held = named(awaits, 'acquire').find(({ waitsFor }) => waitsFor?.links === undefined)
    expect(held?.waitsFor?.holders?.map((holder) => holder.function)).toEqual(['slowHolder'])
  })
})

describe.each(casesOf('forgotten'))('%s', (_name, it) => {
  const { awaits } = it.tree()

  test('says that nothing can settle a promise whose resolver is gone, and only of such a one', () => {
    expect(named(awaits, 'neverA').map(({ waitsFor }) => waitsFor?.kind)).toEqual(['nothing', 'nothing'])
    expect(named(awaits, 'lostCallback')[0]?.waitsFor?.kind).toBe('nothing')
    expect(named(awaits, 'due')[0]?.waitsFor?.kind).toBe('timer')
    for (const { waitsFor } of named(awaits, 'stored')) {
      expect(['lock', 'unknown']).toContain(waitsFor?.kind)
      expect(waitsFor?.heldThrough).toContain('registry')
    }
  })
})
