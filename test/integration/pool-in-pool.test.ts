/** A pool whose first connection is still being opened holds nobody up by a lock, whatever queue stands before it. */
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { NODES, PROGRAMS } from '../support/nodes.js'
import { verdictsOfProgram } from '../support/verdicts.js'

const PROGRAM = path.join(PROGRAMS, 'pool-in-pool.cjs')

describe.each(NODES)('a pool behind a queue of its own, on Node $major', (node) => {
  it('waits for its first connection, and is no deadlock', async () => {
    const verdicts = await verdictsOfProgram(node, PROGRAM, ['silent'])
    expect(verdicts.filter(({ summary }) => summary.includes('deadlock'))).toEqual([])
    expect(verdicts[0]?.cause).toBe('not-connected')
  })

  it('is busy where who has its connection is at work, and no deadlock', async () => {
    const verdicts = await verdictsOfProgram(node, PROGRAM, ['busy'])
    expect(verdicts.filter(({ summary }) => summary.includes('deadlock'))).toEqual([])
    expect(verdicts[0]).toMatchObject({ confidence: 'low' })
  })

  it('is beside the matter where two queues do hold each other up', async () => {
    const [first] = await verdictsOfProgram(node, PROGRAM, ['crossed'])
    expect(first).toMatchObject({ cause: 'lock', confidence: 'high', where: { function: 'move' } })
    expect(first?.summary).toContain('deadlock')
  })
})
