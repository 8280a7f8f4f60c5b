/** Limiters that are taken one inside the other in one order are slow at worst; in both orders, or inside themselves, they are stuck. */
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { NODES, PROGRAMS, PROJECT_ROOT } from '../support/nodes.js'
import { verdictsOfProgram } from '../support/verdicts.js'

const FOLDER = path.join(PROJECT_ROOT, 'test/clients')
const PROGRAM = path.join(PROGRAMS, 'slow-limiters.cjs')
const LIBRARIES = ['bottleneck', 'async', 'fastq', 'keyed']

describe.each(NODES)('limiters one inside the other on Node $major', (node) => {
  it.each(LIBRARIES)('with long work are no stall: %s', async (library) => {
    const verdicts = await verdictsOfProgram(node, PROGRAM, [library, 'ordered', FOLDER])
    const stuck = verdicts.filter((each) => each.kind === 'awaiting' && each.confidence !== 'low')
    expect(stuck.map(({ summary }) => summary)).toEqual([])
  })

  it.each(LIBRARIES.flatMap((library) => [`${library} crossed`, `${library} inside`]))(
    'that wait for each other or for themselves are a deadlock: %s',
    async (kind) => {
      const [first] = await verdictsOfProgram(node, PROGRAM, [...kind.split(' '), FOLDER])
      expect(first).toMatchObject({ kind: 'awaiting', cause: 'lock', confidence: expect.not.stringMatching('low') })
      expect(first?.summary).toContain('deadlock')
    },
  )

  it('whose budget is used up say so, and are no more than a guess', async () => {
    const verdicts = await verdictsOfProgram(node, PROGRAM, ['spent', 'ordered', FOLDER])
    const lock = verdicts.find(({ cause }) => cause === 'lock')
    expect(lock).toMatchObject({ confidence: 'low' })
    expect(lock?.summary).toContain('whose budget (its reservoir) is used up')
  })
})
