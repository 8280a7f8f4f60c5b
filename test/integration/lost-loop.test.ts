/** A loop that was collected, of which the script's text on disk is the last that is left. From outside. */
import { describe, expect, it } from 'vitest'
import { programFile } from '../support/await-oracle.js'
import { NODES, PROGRAMS, type NodeBinary } from '../support/nodes.js'
import { verdictsOfProgram } from '../support/verdicts.js'

const verdictsOf = (node: NodeBinary, how: string) =>
  verdictsOfProgram(node, programFile(PROGRAMS, 'lost-loop.cjs'), [how], ['--expose-gc'])

describe.each(NODES)('the loop that a script begins with, on Node $major', (node) => {
  it('is told when nothing of it is left, or by its wait where that is still there', async () => {
    const [first] = await verdictsOf(node, 'missed')
    expect(first?.kind).toBe('awaiting')
    // The last V8 may leave the garbage to later collections: then the await itself is told.
    if (first?.where?.function === 'main') expect(first).toMatchObject({ cause: 'never-settles', confidence: 'low' })
    else expect(first?.where?.function).toBe('stockOf')
  })

  it('is told when an error ended it', async () => {
    const [first] = await verdictsOf(node, 'dies')
    expect(first).toMatchObject({ cause: 'never-settles', confidence: 'low', where: { function: 'main', line: 16 } })
    expect(first?.summary).toContain('or an error ended it')
  })

  it('is not told lost while it waits for something', async () => {
    const verdicts = await verdictsOf(node, 'waits')
    expect(verdicts.map(({ cause }) => cause)).not.toContain('never-settles')
  })
})
