import { describe, expect, it } from 'vitest'
import { buildAwaitTree, type SuspendedFunction } from '../../../src/model/await-grouping.js'

const facts = { engine: 'memory', pausedMs: 0, notes: [] } as const

function suspended(name: string, line: number, more: Partial<SuspendedFunction> = {}): SuspendedFunction {
  return {
    function: name,
    file: '/app/worker.js',
    line,
    column: 3,
    kind: 'async function',
    awaiters: [],
    awaitsListed: false,
    waitsFor: null,
    ...more,
  }
}

describe('buildAwaitTree', () => {
  it('shows a thousand alike as one line with a count, and the same chain once', () => {
    const list = [suspended('poll', 1, { awaitsListed: true })]
    for (let i = 0; i < 1_000; i++) list.push(suspended('task', 9, { awaiters: [0] }))
    const tree = buildAwaitTree(list, facts)
    expect(tree.suspended).toBe(1_001)
    expect(tree.awaits.map((node) => [node.function, node.count])).toEqual([
      ['task', 1_000],
      ['poll', 1],
    ])
    expect(tree.awaits[0]?.awaitedBy.map((frame) => `${frame.function}:${frame.line}`)).toEqual(['poll:1'])
    expect(tree.roots).toMatchObject([{ function: 'poll', count: 1, awaiting: [{ function: 'task', count: 1_000 }] }])
  })

  it('keeps functions apart whose place is the same and whose awaiters differ', () => {
    const tree = buildAwaitTree(
      [
        suspended('a', 1),
        suspended('b', 2),
        suspended('leaf', 5, { awaiters: [0] }),
        suspended('leaf', 5, { awaiters: [1] }),
      ],
      facts,
    )
    const leaves = tree.awaits.filter((node) => node.function === 'leaf')
    expect(leaves.map((node) => node.awaitedBy[0]?.function ?? '').toSorted((x, y) => x.localeCompare(y))).toEqual([
      'a',
      'b',
    ])
  })

  it('ends at a cycle of awaits in both views', () => {
    const tree = buildAwaitTree(
      [
        suspended('a', 1, { awaiters: [1] }),
        suspended('b', 2, { awaiters: [0] }),
        suspended('c', 3, { awaiters: [0] }),
      ],
      facts,
    )
    expect(tree.awaits.find((node) => node.function === 'c')?.awaitedBy.map((frame) => frame.function)).toEqual([
      'a',
      'b',
    ])
    expect(tree.roots).toEqual([])
  })

  it('lists what has a known cause before what has none, and doubtful functions last', () => {
    const tree = buildAwaitTree(
      [
        suspended('garbage', 1, { doubtful: true }),
        suspended('unknown', 2),
        suspended('timer', 3, { waitsFor: { kind: 'timer', afterMs: 3_600_000 } }),
      ],
      facts,
    )
    expect(tree.awaits.map((node) => node.function)).toEqual(['timer', 'unknown', 'garbage'])
  })

  it('walks a chain of ten thousand functions in linear time', () => {
    const list: SuspendedFunction[] = []
    for (let i = 0; i < 10_000; i++) list.push(suspended('deep', i, { awaiters: i === 0 ? [] : [i - 1] }))
    const tree = buildAwaitTree(list, facts)
    expect(tree.awaits).toHaveLength(10_000)
  })
})
