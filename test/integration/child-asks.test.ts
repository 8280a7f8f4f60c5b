/** A child that is waited for synchronously, and that waits for the process which waits for it. */
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { DumpJson } from '../../src/report/dump-json.js'
import type { Verdict } from '../../src/model/verdict.js'
import { runCli } from '../support/cli.js'
import { NODES, PROGRAMS, type NodeBinary } from '../support/nodes.js'
import { startProgram } from '../support/program.js'

const PROGRAM = path.join(PROGRAMS, 'native/child-asks.cjs')
const PEER = path.join(PROGRAMS, 'awaits/peer.cjs')
const MAX_LOOKS = 10

/** The child needs a moment to connect. */
async function verdictOf(node: NodeBinary, kind: string): Promise<Verdict | undefined> {
  const peer = await startProgram(node, PEER, [])
  const program = await startProgram(node, PROGRAM, [kind, String(peer.ready['mute'])], [], 'pipe')
  try {
    for (let look = 1; ; look++) {
      const { code, stdout, stderr } = await runCli(['dump', String(program.pid), '--json'])
      expect(code, stderr).toBe(0)
      const { verdicts, children } = JSON.parse(stdout) as DumpJson
      if (children.some(({ connectedTo }) => connectedTo !== undefined) || look === MAX_LOOKS) return verdicts[0]
      await sleep(200)
    }
  } finally {
    await program.end()
    await peer.end()
  }
}

describe.each(NODES.map((node) => [node.version, node] as const))('on %s', (_version, node) => {
  test('a child that asks a server of the very process that waits for it is told', async () => {
    const verdict = await verdictOf(node, 'itself')
    expect(verdict).toMatchObject({ kind: 'blocked-in-native', cause: 'child-process', where: { function: 'ask' } })
    expect(verdict?.summary).toMatch(/is connected to 127\.0\.0\.1:\d+, where this very process listens/)
    expect(verdict?.nextStep).toContain('the child asks a server of this process')
  })

  test('one that asks another is not', async () => {
    const verdict = await verdictOf(node, 'otherWell')
    expect(verdict).toMatchObject({ kind: 'blocked-in-native', cause: 'child-process' })
    expect(verdict?.summary).not.toContain('this very process')
  })
})
