/** A loop that was collected, of which the script's text on disk is the last that is left. From outside. */
import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../src/model/verdict.js'
import { programFile } from '../support/await-oracle.js'
import { startProgram } from '../support/await-target.js'
import { runCli } from '../support/cli.js'
import { NODES, PROGRAMS, type NodeBinary } from '../support/nodes.js'

async function verdictsOf(node: NodeBinary, how: string): Promise<readonly Verdict[]> {
  const file = programFile(PROGRAMS, 'lost-loop.cjs')
  const target = await startProgram(node, file, [how], { nodeArgs: ['--expose-gc'] })
  try {
    const { stdout } = await runCli(['dump', String(target.pid), '--json'])
    return (JSON.parse(stdout) as { readonly verdicts: readonly Verdict[] }).verdicts
  } finally {
    await target.end()
  }
}

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
