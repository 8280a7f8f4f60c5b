/** Waits that look like another kind, as real programs had them, each with a sibling in which the rule must not fire. */
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Verdict } from '../../src/model/verdict.js'
import { NODES, PROGRAMS, type NodeBinary } from '../support/nodes.js'
import { verdictsBesidePeer } from '../support/verdicts.js'

const PROGRAM = path.join(PROGRAMS, 'awaits/told-apart.cjs')

const verdictsOf = (node: NodeBinary, kind: string) => verdictsBesidePeer(node, PROGRAM, kind)

const cameWhileItChanged = ({ summary }: Verdict): boolean => summary.includes('changed while it was read')

describe.each(NODES.map((node) => [node.version, node] as const))('on %s', (_version, node) => {
  test.each([
    ['interval', 'unknown', /an interval of 60 ms looks for again and again/],
    ['chained', 'unknown', /a timer of 300 ms looks for again and again/],
    ['expecting', 'http-response', /100 Continue, before which its body is not sent/],
    ['expectingWell', 'stream', /whose body this process has not written/],
    ['halfClosed', 'socket-reply', /to end its side of the connection/],
    ['stdin', 'stream', /input on its own stdin/],
    ['datagram', 'socket-reply', /a datagram on its UDP socket/],
    ['listener', 'unknown', /what those who listen for user:loaded are told/],
    ['listenerWell', 'lock', /Turns\.queues/],
    ['compressed', 'stream', /does not read|ReadableStream/],
    ['unopened', 'unknown', /app/],
    ['unopenedWell', 'unknown', /a listening server/],
  ])('%s is awaiting/%s', async (kind, cause, told) => {
    let verdicts = await verdictsOf(node, kind)
    // A look may come while the callback of a timer runs: then it says so, and the next one tells.
    for (let more = 0; more < 2 && verdicts.some(cameWhileItChanged); more++) verdicts = await verdictsOf(node, kind)
    const first = verdicts.find((each) => each.kind === 'awaiting')
    expect(`${first?.kind}/${first?.cause}`, JSON.stringify(verdicts)).toBe(`awaiting/${cause}`)
    expect(first?.summary).toMatch(told)
    expect(first?.summary.startsWith(kind)).toBe(true)
    expect(first?.confidence).not.toBe('high')
    expect(first?.nextStep).not.toMatch(/slow query|Nothing to do/)
    if (kind === 'unopened') expect(first?.summary).not.toContain('listening server')
  })

  test('what an interval wakes each time gets on', async () => {
    const [first] = await verdictsOf(node, 'intervalWell')
    expect(['beating', 'idle'], first?.summary).toContain(first?.kind)
  })

  test('what is compressed and read slowly is no more than a guess', async () => {
    // On Node 20 and 22 the way to it leads over the end of the readable side: then it is a guess in any case.
    if (node.major >= 24) expect((await verdictsOf(node, 'compressed'))[0]?.confidence).toBe('medium')
    const [first] = await verdictsOf(node, 'compressedWell')
    expect(first?.confidence, first?.summary).toBe('low')
  })

  test("an idle thread of a package's pool does not come first", async () => {
    const [first] = await verdictsOf(node, 'parked')
    expect(first?.kind, first?.summary).not.toBe('blocked-in-native')
  })
})
