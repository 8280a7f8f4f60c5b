/** How clients of packages keep those who wait: the first verdict of each way, and of its sibling that is something else. */
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { DumpJson } from '../../src/report/dump-json.js'
import { runCli } from '../support/cli.js'
import { NODES, PROGRAMS } from '../support/nodes.js'
import { startProgram } from '../support/program.js'

const PROGRAM = path.join(PROGRAMS, 'awaits/client-kinds.cjs')
const PEER = path.join(PROGRAMS, 'awaits/peer.cjs')

describe.each(NODES.map((node) => [node.version, node] as const))('on %s', (_version, node) => {
  test.each([
    ['carried', 'socket-reply', 'carried', /waits for a reply on the connection/],
    ['carriedBehind', 'socket-reply', 'carriedBehind', /its turn behind .* in queries/],
    ['hostPool', 'pool-exhausted', 'hostPool', /HostPool\._acquireRequests\): 1 of 1 lent, 0 idle, 1 queued/],
    ['tagged', 'socket-reply', 'tagged', /behind what is in front of it in Mail\.requestQueue \(first FETCH\)/],
    ['taggedFirst', 'socket-reply', 'taggedFirst', /waits for a reply on the connection/],
    ['rows', 'stream', 'rows', /Rows/],
    ['rowsRead', 'socket-reply', 'rowsRead', /waits for a reply on the connection/],
    ['component', 'unknown', 'component', /waits for event job of Emitter/],
    ['componentAway', 'unknown', 'componentAway', /waits for event job of Away/],
    ['channel', 'not-connected', 'channel', /kept in Channel\._messages/],
    ['answer', 'stream', 'wait', /waits for ServerResponse to be ended/],
    ['bounded', 'socket-reply', 'asked', /waits for a reply on the connection/],
  ])('%s is awaiting/%s', async (kind, cause, where, told) => {
    const peer = await startProgram(node, PEER, [])
    const program = await startProgram(node, PROGRAM, [kind, String(peer.ready['mute'])])
    try {
      const { code, stdout, stderr } = await runCli(['dump', String(program.pid), '--json'])
      expect(code, stderr).toBe(0)
      const { verdicts } = JSON.parse(stdout) as DumpJson
      const first = verdicts.find((each) => each.kind === 'awaiting')
      expect(`${first?.kind}/${first?.cause}`, first?.summary).toBe(`awaiting/${cause}`)
      expect(first?.summary).toMatch(told)
      expect(first?.where).toMatchObject({ function: where })
      expect(first?.confidence).not.toBe('high')
      expect(verdicts.some((each) => each.cause === 'timer' || each.cause === 'never-settles')).toBe(false)
    } finally {
      await program.end()
      await peer.end()
    }
  })
})
