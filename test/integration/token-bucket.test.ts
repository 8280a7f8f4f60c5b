/** A limiter by hand: who waits in it is in no deadlock, whatever tiers its code ran in, and is stuck once nothing refills it. */
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { NODES, PROGRAMS } from '../support/nodes.js'
import { verdictsOfProgram } from '../support/verdicts.js'

const PROGRAM = path.join(PROGRAMS, 'token-bucket.cjs')

describe.each(NODES)('a limiter that an interval refills, on Node $major', (node) => {
  it('is no deadlock and no stall', async () => {
    const verdicts = await verdictsOfProgram(node, PROGRAM, ['busy'])
    expect(verdicts.map(({ summary }) => summary).join('\n')).not.toMatch(/deadlock|nothing alive can settle/)
    const [first] = verdicts
    expect(first?.kind === 'awaiting' && first.confidence !== 'low' ? first.summary : null).toBe(null)
  })

  it('is stuck when its interval was cleared', async () => {
    const [first] = await verdictsOfProgram(node, PROGRAM, ['stopped'])
    expect(first).toMatchObject({ kind: 'awaiting', where: { file: PROGRAM } })
    expect(first?.summary).not.toContain('deadlock')
  })
})
