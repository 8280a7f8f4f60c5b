/** A lock of one's own that runs what it is handed, used inside itself; and siblings in which something else goes on. */
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { NODES, PROGRAMS } from '../support/nodes.js'
import { verdictsOfProgram } from '../support/verdicts.js'

const PROGRAM = path.join(PROGRAMS, 'awaits/runs-under-turn.cjs')
const ITSELF = 'in a deadlock with itself'

describe.each(NODES)('a lock that runs what it is handed, on Node $major', (node) => {
  test('is a deadlock with itself where who reads wants to write', async () => {
    const [first] = await verdictsOfProgram(node, PROGRAM, ['upgrade'])
    expect(first).toMatchObject({ kind: 'awaiting', cause: 'lock', where: { function: 'setStock' } })
    expect(first?.summary).toContain(ITSELF)
  })

  test.each(['slowWell', 'hubWell'])('is none where its task waits for something else (%s)', async (kind) => {
    const verdicts = await verdictsOfProgram(node, PROGRAM, [kind])
    expect(verdicts.map(({ summary }) => summary).join('\n')).not.toContain(ITSELF)
  })
})
