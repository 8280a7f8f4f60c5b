/** A pool that is lent out whole and has a queue is exhausted where its members stay where they are, else it is only busy. */
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { NODES, PROGRAMS, PROJECT_ROOT } from '../support/nodes.js'
import { verdictsOfProgram } from '../support/verdicts.js'

const FOLDER = path.join(PROJECT_ROOT, 'test/clients')
const PROGRAM = path.join(PROGRAMS, 'busy-pools.cjs')
const LIBRARIES = ['generic-pool', 'lightning-pool', 'tarn']

describe.each(NODES)('a pool on Node $major', (node) => {
  const firstOf = async (library: string, mode: string) =>
    (await verdictsOfProgram(node, PROGRAM, [library, mode, FOLDER]))[0]

  it.each(LIBRARIES)('that goes from hand to hand is no stall: %s', async (library) => {
    const first = await firstOf(library, 'busy')
    expect(first?.kind === 'awaiting' && first.confidence !== 'low' ? first.summary : null).toBe(null)
  })

  it.each(LIBRARIES)('whose holders come back after long work is no stall: %s', async (library) => {
    const first = await firstOf(library, 'slow')
    expect(first?.kind === 'awaiting' && first.confidence !== 'low' ? first.summary : null).toBe(null)
  })

  it('that runs what it is handed has lost nothing', async () => {
    const first = await firstOf('generic-pool', 'task')
    expect(first?.kind === 'awaiting' && first.confidence !== 'low' ? first.summary : null).toBe(null)
  })

  it.each(LIBRARIES)('whose holders wait for hours is exhausted: %s', async (library) => {
    const first = await firstOf(library, 'hours')
    expect(first).toMatchObject({
      kind: 'awaiting',
      cause: 'pool-exhausted',
      confidence: expect.not.stringMatching('low'),
    })
  })

  it.each(LIBRARIES)('of which nothing comes back is exhausted: %s', async (library) => {
    const first = await firstOf(library, 'held')
    expect(first).toMatchObject({
      kind: 'awaiting',
      cause: 'pool-exhausted',
      confidence: expect.not.stringMatching('low'),
    })
    expect(first?.summary).toContain('which awaits event approved')
  })
})
