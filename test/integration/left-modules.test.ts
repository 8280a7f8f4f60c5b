/** A module outlives what its top-level await waits for: it is told though the promise was collected. */
import { describe, expect, it } from 'vitest'
import { programFile } from '../support/await-oracle.js'
import { NODES, PROGRAMS, type NodeBinary } from '../support/nodes.js'
import { verdictsOfProgram } from '../support/verdicts.js'

const verdictsOf = (node: NodeBinary, file: string) =>
  verdictsOfProgram(node, programFile(PROGRAMS, file), [], ['--expose-gc'])

describe.each(NODES)('a module at a top-level await, on Node $major', (node) => {
  it('is what waits for ever once the promise that it awaits was collected', async () => {
    const [first] = await verdictsOf(node, 'left-module.mjs')
    expect(first).toMatchObject({ kind: 'awaiting', cause: 'never-settles', where: { line: 18 } })
    // The last V8 leaves the garbage of the last turn to later collections: then its own search finds the same.
    expect(first?.summary).toMatch(/a promise that was collected|a promise that nothing alive can settle|event ready/)
  })

  it('is not said to wait for what was collected before it has begun, nor beside a timer', async () => {
    const verdicts = await verdictsOf(node, 'not-begun-module.mjs')
    expect(verdicts.map(({ cause }) => cause)).not.toContain('never-settles')
    expect(JSON.stringify(verdicts)).not.toContain('collected')
  })

  it('is not said to wait for what was collected while it works, and makes garbage', async () => {
    for (let look = 0; look < 3; look++) {
      const verdicts = await verdictsOf(node, 'busy-module.mjs')
      expect(
        verdicts.map(({ cause }) => cause),
        JSON.stringify(verdicts),
      ).not.toContain('never-settles')
    }
  })
})
