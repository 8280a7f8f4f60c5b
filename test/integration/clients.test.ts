/** Clients of databases that wait for the reply of a silent server: who waits, where, on which connection. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AwaitNode } from '../../src/model/await.js'
import { startProgram } from '../support/await-target.js'
import { runCli } from '../support/cli.js'
import { NODES, PROGRAMS, PROJECT_ROOT } from '../support/nodes.js'

const FOLDER = path.join(PROJECT_ROOT, 'test/clients')
const PROGRAM = path.join(PROGRAMS, 'clients/waiting.cjs')
const LINES = readFileSync(PROGRAM, 'utf8').split('\n')

let servers: ChildProcess
let ports: { readonly postgres: number; readonly silent: number }

beforeAll(async () => {
  const [node] = NODES
  if (node === undefined) throw new Error('no Node to test')
  servers = spawn(node.path, [path.join(PROGRAMS, 'clients/silent-databases.mjs')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (servers.stdout === null) throw new Error('no output')
  const [data] = (await once(servers.stdout, 'data')) as [Buffer]
  ports = JSON.parse(data.toString()) as typeof ports
})

afterAll(() => {
  servers.kill()
})

/** Line of the await in a function of the program. */
function lineOf(fn: string, mark: string): number {
  const start = LINES.findIndex((text) => text.includes(`function ${fn}(`))
  return LINES.findIndex((text, i) => i > start && text.includes(mark)) + 1
}

const CLIENTS = [
  { kind: 'postgres', fn: 'askPostgres', port: () => ports.postgres, by: ['handleTask'] },
  { kind: 'redis', fn: 'askRedis', port: () => ports.silent, by: ['handleTask'] },
  { kind: 'mysql', fn: 'askMysql', port: () => ports.silent, by: ['handleTask'] },
  { kind: 'pool', fn: 'borrow', port: () => ports.postgres, by: ['askPool', 'handleTask'] },
]

interface Dumped {
  readonly verdicts: readonly { cause: string; where: { function: string; line: number } | null; summary: string }[]
  readonly awaits: readonly AwaitNode[]
}

describe.each(NODES)('waiting clients on Node $major', (node) => {
  it.each(CLIENTS)('name the connection of $kind, its peer, and who waits for its reply', async (client) => {
    const target = await startProgram(node, PROGRAM, [client.kind, FOLDER, String(client.port())])
    try {
      const { stdout } = await runCli(['dump', String(target.pid), '--json'])
      const dump = JSON.parse(stdout) as Dumped
      const peer = `127.0.0.1:${client.port()}`
      const line = lineOf(client.fn, '// here')
      const waiting = dump.awaits.find((each) => each.function === client.fn)
      expect(waiting).toMatchObject({ line, waitsFor: { kind: 'socket', peer, state: 'ESTABLISHED' } })
      expect(waiting?.waitsFor?.fd).toBeGreaterThan(2)
      expect(waiting?.awaitedBy.map((frame) => frame.function)).toEqual(client.by)
      const replies = dump.verdicts.filter((each) => each.cause === 'socket-reply')
      const verdict = replies.find((each) => each.where?.function === client.fn)
      expect(verdict?.where).toMatchObject({ function: client.fn, line })
      expect(verdict?.summary).toContain(peer)
      if (client.kind !== 'pool') return
      const queued = dump.awaits.find((each) => each.function === 'queueUp')
      expect(queued).toMatchObject({ line: lineOf('queueUp', '// queued') })
      // It can't be served before the connection that the pool lent comes back: the server is not what it waits for.
      const pool = { owner: 'BoundPool._pendingQueue', lent: 1, idle: 0, size: 1, queued: 1 }
      expect(queued?.waitsFor).toMatchObject({
        kind: 'pool',
        pool: { ...pool, members: [{ doing: 'busy', count: 1 }] },
      })
      const turn = dump.verdicts.find((each) => each.cause === 'pool-exhausted')
      expect(turn?.summary).toContain('1 of 1 lent, 0 idle, 1 queued; of those lent, 1 at work')
    } finally {
      await target.end()
    }
  })
})
