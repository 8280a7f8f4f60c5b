import { expect, test } from 'vitest'
import { withOriginalSources } from '../../../src/investigate/map-sources.js'
import type { AwaitNode } from '../../../src/model/await.js'
import { evidence, look } from '../../support/evidence.js'

const at = (fn: string, line: number): AwaitNode => ({
  function: fn,
  file: '/app/dist/bank.js',
  line,
  column: 3,
  kind: 'async function',
  count: 1,
  awaitedBy: [],
  waitsFor: null,
})

test('a cycle of locks is told at its places in the source', () => {
  const deadlock = ['audit bank.js:20', 'transfer bank.js:10']
  const waitsFor = {
    kind: 'lock' as const,
    summary: `deadlock: ${deadlock.join(' -> ')} -> back to this wait`,
    deadlock,
    links: [
      { function: 'audit', file: '/app/dist/bank.js', line: 20, column: 3 },
      { function: 'transfer', file: '/app/dist/bank.js', line: 10, column: 3 },
    ],
  }
  const awaits = [{ ...at('acquire', 3), waitsFor }, at('audit', 20), at('transfer', 10)]
  const tree = { engine: 'memory' as const, awaits, roots: [], suspended: 3, pausedMs: 0, notes: [] }
  const maps = {
    originalOf: (_file: string, line: number) => ({ file: '/app/src/bank.ts', line: line * 2 }),
    nameOf: () => null,
    contentOf: () => null,
  }
  const mapped = withOriginalSources(evidence([look({ awaits: tree })]), maps).looks[0]?.awaits?.awaits[0]?.waitsFor
  expect(mapped?.deadlock).toEqual(['audit bank.ts:40', 'transfer bank.ts:20'])
  expect(mapped?.summary).toBe('deadlock: audit bank.ts:40 -> transfer bank.ts:20 -> back to this wait')
})
