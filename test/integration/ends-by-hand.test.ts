/** Functions that wait for each other's end through promises that are resolved by hand, as caches do; and siblings. */
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { NODES, PROGRAMS, type NodeBinary } from '../support/nodes.js'
import { verdictsBesidePeer } from '../support/verdicts.js'

const PROGRAM = path.join(PROGRAMS, 'awaits/ends-by-hand.cjs')
const CIRCLE = /waits for (its own end|the end of .*, which ends only when this wait is over)/

const verdictsOf = (node: NodeBinary, kind: string) => verdictsBesidePeer(node, PROGRAM, kind)

describe.each(NODES.map((node) => [node.version, node] as const))('on %s', (_version, node) => {
  test.each(['itself', 'crossed'])('a loader that needs what it loads is a circle (%s)', async (kind) => {
    const verdicts = await verdictsOf(node, kind)
    expect(verdicts[0], JSON.stringify(verdicts)).toMatchObject({ kind: 'awaiting', cause: 'never-settles' })
    expect(verdicts[0]?.summary).toMatch(CIRCLE)
    expect(verdicts[0]?.summary).toMatch(/^loadUser /)
  })

  test.each(['serverWell', 'deadlineWell'])('what something else may settle is no circle (%s)', async (kind) => {
    const verdicts = await verdictsOf(node, kind)
    expect(verdicts.map(({ summary }) => summary).join('\n')).not.toMatch(CIRCLE)
    expect(verdicts[0]?.cause, JSON.stringify(verdicts)).not.toBe('never-settles')
  })
})
