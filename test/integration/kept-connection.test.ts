/** A kept connection that answers nothing while new ones would work, and what looks like it. Without any agent. */
import net, { type AddressInfo } from 'node:net'
import { once } from 'node:events'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { IncidentManifest } from '../../src/model/incident.js'
import type { DumpJson } from '../../src/report/dump-json.js'
import { runCli } from '../support/cli.js'
import { startMutingProxy } from '../support/muting-proxy.js'
import { NODES, PROGRAMS, type NodeBinary } from '../support/nodes.js'
import { startProgram, type Program } from '../support/program.js'
import { RunningWorker } from '../support/run-worker.js'

const TARGET = path.join(PROGRAMS, 'clients/kept-connection.cjs')

async function dumpWhen(program: Program, ready: (dump: DumpJson) => boolean): Promise<DumpJson> {
  for (let attempt = 0; ; attempt++) {
    const { stdout, stderr, code } = await runCli(['dump', String(program.pid), '--json'])
    expect(code, stderr).toBe(0)
    const dump = JSON.parse(stdout) as DumpJson
    if (ready(dump) || attempt >= 20) return dump
  }
}

/** Since data last came on the connection to this port. */
function silentMs(dump: DumpJson, port: number): number {
  return dump.sockets.find(({ peer }) => peer?.endsWith(`:${port}`))?.lastReceivedMs ?? 0
}

async function muted(node: NodeBinary, kind: string): Promise<void> {
  const proxy = await startMutingProxy()
  const program = await startProgram(node, TARGET, [kind, proxy.url, '700'])
  try {
    await program.line((line) => line['answered'] === true)
    proxy.mute()
    await program.line((line) => line['failed'] === true)
    const { verdicts } = await dumpWhen(program, (dump) => silentMs(dump, proxy.port) >= 11_000)
    expect(verdicts[0]).toMatchObject({ kind: 'awaiting', cause: 'connection-reused-dead', confidence: 'medium' })
    expect(verdicts[0]?.summary).toContain(`127.0.0.1:${proxy.port}`)
    expect(verdicts.map((each) => each.kind)).not.toContain('beating')
    expect(verdicts.map((each) => each.kind)).not.toContain('idle')
    // All of it over the one connection that was ever opened.
    expect(proxy.connections()).toBe(1)
  } finally {
    await program.end()
    proxy.close()
  }
}

/** What the agent left of a worker whose polls go through the client of this kind. */
async function polled(node: NodeBinary, kind: string, serves: 'muted' | 'slow'): Promise<readonly IncidentManifest[]> {
  const proxy = await startMutingProxy(serves === 'slow' ? 1_500 : 0)
  const worker = new RunningWorker({
    node,
    program: 'clients/kept-connection.cjs',
    args: [kind, proxy.url, '3000', 'polls'],
    env: {
      CONDUCTOR_STALL_WARN_SECONDS: '20',
      CONDUCTOR_STALL_POLL_SUCCESS_WARN_SECONDS: '8',
      CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '0',
    },
  })
  try {
    await worker.says('"answered":true')
    if (serves === 'muted') {
      proxy.mute()
      await worker.says('"event":"incident"', 80_000)
    } else await new Promise((resolve) => setTimeout(resolve, 15_000))
  } finally {
    worker.child.kill('SIGKILL')
    proxy.close()
  }
  return (await worker.result).incidents
}

describe.each(NODES.map((node) => [node.version, node] as const))('on %s', (_version, node) => {
  test('an HTTP/2 session that is muted is told from outside', async () => await muted(node, 'http2'), 90_000)

  // Its own fetch speaks HTTP/2 from this line on.
  test.runIf(node.major >= 26)(
    "node's own fetch over a muted connection is told",
    async () => await muted(node, 'fetch'),
    90_000,
  )

  // Node's own where it speaks HTTP/2, else a session of node:http2.
  const kind = node.major >= 26 ? 'fetch' : 'http2'

  test('a muted connection is told from inside, by the polls that fail on it', async () => {
    const [incident] = await polled(node, kind, 'muted')
    expect(incident?.verdicts[0]).toMatchObject({ kind: 'awaiting', cause: 'connection-reused-dead' })
  }, 120_000)

  test('a server that is slow and answers leaves no incident', async () => {
    expect(await polled(node, kind, 'slow')).toEqual([])
  }, 60_000)

  test('one that only sends, for long and with no answer ever, is not', async () => {
    const server = net.createServer((socket) => socket.on('error', () => {}).resume())
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const program = await startProgram(node, TARGET, ['ship', `https://127.0.0.1:${port}`, '0'])
    try {
      const { verdicts } = await dumpWhen(program, (dump) => silentMs(dump, port) >= 11_000)
      expect(verdicts.map((each) => each.cause)).not.toContain('connection-reused-dead')
    } finally {
      await program.end()
      server.close()
    }
  }, 90_000)

  test('a server that is slow and answers is not', async () => {
    const proxy = await startMutingProxy(1_500)
    const program = await startProgram(node, TARGET, ['http2', proxy.url, '20000'])
    try {
      await program.line((line) => line['answered'] === true)
      const { verdicts } = await dumpWhen(program, () => true)
      expect(verdicts.map((each) => each.cause)).not.toContain('connection-reused-dead')
      expect(verdicts[0]?.confidence === 'low' || verdicts[0]?.kind === 'beating').toBe(true)
    } finally {
      await program.end()
      proxy.close()
    }
  })
})
