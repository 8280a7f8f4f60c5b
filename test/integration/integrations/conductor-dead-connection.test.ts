/** A kept connection that is dead while new ones work is cured by a restart; a server that is away is not. */
import { describe, test } from 'vitest'
import { beginWorker } from '../../support/agent-worker.js'
import type { ConductorServer } from '../../support/conductor-server.js'
import { NODES } from '../../support/nodes.js'

const optionsAsked = async (server: ConductorServer): Promise<number> =>
  (await server.requests()).filter((request) => request.method === 'OPTIONS').length

// One by one: a first look on a crowded machine may not tell, and is repeated only after a minute.
describe.each(NODES)('Node $major', (node) => {
  test('ends a worker whose HTTP/2 session is dead while a fresh connection is answered', async (context) => {
    const { expect: its } = context
    const { server, worker } = await beginWorker(context, node, { tls: true })
    await server.mute()
    its(await worker.exit, worker.log).toBe(70)
    // Nobody allowed it to close anything.
    its(worker.log).not.toContain('heal')
    const incident = worker.incidents().at(-1)
    its(incident?.process.node).toBe(node.version)
    its(incident?.stall).toMatchObject({ trigger: 'poll-success', level: 'stall' })
    its(incident?.verdicts[0], worker.log).toMatchObject({ cause: 'connection-reused-dead', confidence: 'high' })
    its(incident?.verdicts[0]?.summary).toContain('while a fresh connection is answered')
    its(incident?.cost.connectionsOpened).toBe(1)
    its(incident?.artifacts.map((artifact) => artifact.name)).toContain('fresh-connections.json')
    its(await optionsAsked(server)).toBeGreaterThan(0)
    // A first look that could not tell is repeated after a minute.
  }, 240_000)
})

/** What does not hang on the Node line is tried on two of them: each worker needs half a minute of a machine. */
const [SOME, OTHERS] = [0, 1].map((odd) => NODES.filter((_, i) => i % 2 === odd || NODES.length === 1))

describe.concurrent.each(SOME ?? [])('Node $major, a connection that is not dead alone', (node) => {
  test('never ends a worker whose server does not answer polls on any connection', async (context) => {
    const { expect: its } = context
    const { server, worker } = await beginWorker(context, node, {})
    await server.setMode('poll-hang')
    await its.poll(() => worker.log, { timeout: 90_000 }).toContain('not ended')
    its(worker.child.exitCode, worker.log).toBeNull()
    its(worker.causes(), worker.log).not.toContain('connection-reused-dead')
  }, 120_000)

  test('opens no connection where that is switched off, and then claims nothing for sure', async (context) => {
    const { expect: its } = context
    const { server, worker } = await beginWorker(
      context,
      node,
      { tls: true },
      { env: { CONDUCTOR_STALL_FRESH_CONNECTIONS: 'false' } },
    )
    await server.mute()
    await its.poll(() => worker.log, { timeout: 90_000 }).toContain('not ended')
    its(worker.child.exitCode, worker.log).toBeNull()
    const dead = worker.incidents().flatMap((incident) => incident.verdicts.map((verdict) => verdict))
    its(dead.filter((verdict) => verdict.cause === 'connection-reused-dead' && verdict.confidence === 'high')).toEqual(
      [],
    )
    its(await optionsAsked(server)).toBe(0)
  }, 120_000)
})

describe.concurrent.each(OTHERS ?? [])('Node $major, a server that is away', (node) => {
  test('never ends a worker whose server answers 503 for ever', async (context) => {
    const { expect: its } = context
    const { server, worker } = await beginWorker(context, node, {})
    await server.setMode('503')
    await new Promise((resolve) => setTimeout(resolve, 12_000))
    its(worker.child.exitCode, worker.log).toBeNull()
    its(worker.incidents(), worker.log).toEqual([])
  }, 60_000)

  test('never ends a worker whose server refuses connections', async (context) => {
    const { expect: its } = context
    const { server, worker } = await beginWorker(context, node, {})
    await server.stop()
    await its.poll(() => worker.log, { timeout: 90_000 }).toContain('not ended')
    its(worker.child.exitCode, worker.log).toBeNull()
    its(worker.causes()).not.toContain('connection-reused-dead')
  }, 120_000)
})
