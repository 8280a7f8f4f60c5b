/** The await tree of a program in which garbage is collected at every moment: what stands still is told right, what is healthy never called stuck. */
import { describe, expect, it } from 'vitest'
import { waitsForNobody } from '../../src/diagnose/view/turning.js'
import type { AwaitNode, AwaitTree } from '../../src/model/await.js'
import { programFile } from '../support/await-oracle.js'
import { lookAtAwaits, startProgram } from '../support/await-target.js'
import { NODES, PROGRAMS } from '../support/nodes.js'

/** Sixty where the searches themselves are worked on; a few keep them so. */
const LOOKS = Number(process.env['STALL_TEST_LOOKS'] ?? 8)

function say(tree: AwaitTree, name: string): string[] {
  return tree.awaits
    .filter((each) => each.function === name && each.doubtful !== true)
    .map(
      (each) =>
        `${each.count} ${each.waitsFor?.kind}${each.waitsFor?.owner === undefined ? '' : ` ${each.waitsFor.owner}`}`,
    )
}

function count(tree: AwaitTree, name: string, wanted: (node: AwaitNode) => boolean): number {
  const nodes = tree.awaits.filter((each) => each.function === name && each.doubtful !== true && wanted(each))
  return nodes.reduce((sum, node) => sum + node.count, 0)
}

describe.each(NODES)('awaits under collections on Node $major', (node) => {
  it('keep what a lock and a timer are waited for, and call no healthy task one that nothing settles', async () => {
    const target = await startProgram(node, programFile(PROGRAMS, 'collecting.cjs'), [], { nodeArgs: ['--expose-gc'] })
    try {
      for (let look = 0; look < LOOKS; look++) {
        const tree = lookAtAwaits(target.pid)
        expect(say(tree, 'take'), `look ${look}`).toEqual(['1 lock Slots.queue'])
        // What moved while it was looked for says that it was not found in time; all that was found is a timer.
        expect(
          count(tree, 'far', ({ waitsFor }) => waitsFor?.kind === 'timer'),
          `look ${look}`,
        ).toBe(3 - count(tree, 'far', ({ waitsFor }) => waitsFor?.kind === 'unknown' && waitsFor.cutShort === true))
        expect(
          say(tree, 'ask').filter((text) => text.includes('nothing')),
          `look ${look}`,
        ).toEqual([])
      }
    } finally {
      await target.end()
    }
  })
})

describe.each(NODES)('a function that goes on during the look, on Node $major', (node) => {
  it('is alive: whoever waits for its end does not wait for what was collected', async () => {
    const target = await startProgram(node, programFile(PROGRAMS, 'going-on.cjs'))
    try {
      for (let look = 0; look < LOOKS; look++) {
        const [journey] = lookAtAwaits(target.pid).awaits.filter((each) => each.function === 'journey')
        expect(journey).toBeDefined()
        expect(journey === undefined || waitsForNobody(journey), JSON.stringify(journey)).toBe(false)
      }
    } finally {
      await target.end()
    }
  })
})
