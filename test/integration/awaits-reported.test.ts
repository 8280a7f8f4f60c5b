/** The kinds of wedges that were reported of real programs, in their smallest form: the first verdict of each. */
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { DumpJson } from '../../src/report/dump-json.js'
import { runCli } from '../support/cli.js'
import { NODES, PROGRAMS } from '../support/nodes.js'
import { startProgram } from '../support/program.js'

const PROGRAM = path.join(PROGRAMS, 'awaits/reported-kinds.cjs')
const PEER = path.join(PROGRAMS, 'awaits/peer.cjs')

describe.each(NODES.map((node) => [node.version, node] as const))('on %s', (_version, node) => {
  test.each([
    ['deadline', 'unknown', /nothing but a timer was found/],
    ['pool', 'pool-exhausted', /TinyPool\.pendingQueue/],
    ['offline', 'not-connected', /Line\.offlineQueue/],
    ['idle', 'socket-reply', /Channel\.pickQueue/],
    ['behind', 'socket-reply', /behind what is in front of it in Wire\.queue/],
    ['agent', 'pool-exhausted', /Agent\.requests/],
    ['unread', 'stream', /this process does not read/],
  ])('%s is awaiting/%s', async (kind, cause, told) => {
    const peer = await startProgram(node, PEER, [])
    const { mute, big } = peer.ready as { readonly mute: number; readonly big: number }
    const program = await startProgram(node, PROGRAM, [kind, String(mute), String(big)])
    try {
      const { code, stdout, stderr } = await runCli(['dump', String(program.pid), '--json'])
      expect(code, stderr).toBe(0)
      const [first] = (JSON.parse(stdout) as DumpJson).verdicts
      expect(`${first?.kind}/${first?.cause}`, first?.summary).toBe(`awaiting/${cause}`)
      expect(first?.summary).toMatch(told)
      expect(first?.where).toMatchObject({ function: kind })
      expect(first?.confidence).not.toBe('high')
      expect(first?.nextStep).not.toContain('Nothing to do')
    } finally {
      await program.end()
      await peer.end()
    }
  })
})
