/** A kept connection that is dead while new ones work is cured by a restart; a server that is away is not. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, test, type TestContext } from 'vitest'
import type { IncidentManifest } from '../../../src/model/incident.js'
import { startConductorServer, type ConductorServer, type ServerOptions } from '../../support/conductor-server.js'
import { NODES, PROJECT_ROOT, type NodeBinary } from '../../support/nodes.js'
import { SDK_FOLDER } from '../../support/sdk-worker.js'

type Finished = TestContext['onTestFinished']

/** Polls time out after 1.5 s, and eight seconds without an answer are the end, where a restart is the cure. */
const SETTINGS = {
  CONDUCTOR_REQUEST_TIMEOUT_MS: '1500',
  CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '30',
  CONDUCTOR_STALL_WARN_SECONDS: '15',
  CONDUCTOR_STALL_EVENT_LOOP_WARN_SECONDS: '20',
  CONDUCTOR_STALL_POLL_SUCCESS_WARN_SECONDS: '6',
  CONDUCTOR_STALL_POLL_SUCCESS_TIMEOUT_SECONDS: '8',
  CONDUCTOR_STALL_COOLDOWN_SECONDS: '0',
  CONDUCTOR_STALL_PROFILE_SECONDS: '0',
}

class Worker {
  readonly child: ChildProcess
  readonly dir = mkdtempSync(path.join(tmpdir(), 'stall-dead-'))
  readonly exit: Promise<number | null>
  log = ''

  constructor(node: NodeBinary, url: string, env: Readonly<Record<string, string>> = {}) {
    const preload = ['--require', path.join(PROJECT_ROOT, 'dist/index.js')]
    this.child = spawn(node.path, [...preload, path.join(SDK_FOLDER, 'worker.cjs')], {
      stdio: ['pipe', 'ignore', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        CONDUCTOR_SERVER_URL: url,
        CONDUCTOR_STALL_DIR: this.dir,
        ...SETTINGS,
        ...env,
      },
    })
    this.exit = once(this.child, 'exit').then(([code]) => code as number | null)
    this.child.stderr?.on('data', (data: Buffer) => (this.log += data.toString()))
  }

  incidents(): IncidentManifest[] {
    return readdirSync(this.dir)
      .map((name) => path.join(this.dir, name, 'incident.json'))
      .filter((file) => existsSync(file))
      .map((file) => JSON.parse(readFileSync(file, 'utf8')) as IncidentManifest)
  }

  /** Of verdicts that are more than a guess. */
  causes(): (string | null)[] {
    const verdicts = this.incidents().flatMap((incident) => incident.verdicts)
    return verdicts.filter((verdict) => verdict.confidence !== 'low').map((verdict) => verdict.cause)
  }

  async end(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.exit
    rmSync(this.dir, { recursive: true, force: true })
  }
}

async function begin(
  { expect: its, onTestFinished }: { expect: TestContext['expect']; onTestFinished: Finished },
  node: NodeBinary,
  options: ServerOptions,
  env: Readonly<Record<string, string>> = {},
): Promise<{ server: ConductorServer; worker: Worker }> {
  const server = await startConductorServer({ mode: 'ok', ...options })
  onTestFinished(() => server.stop())
  const worker = new Worker(node, server.url, env)
  onTestFinished(() => worker.end())
  await its.poll(async () => (await server.state()).answeredPolls, { timeout: 30_000 }).toBeGreaterThan(2)
  return { server, worker }
}

const optionsAsked = async (server: ConductorServer): Promise<number> =>
  (await server.requests()).filter((request) => request.method === 'OPTIONS').length

// One by one: a first look on a crowded machine may not tell, and is repeated only after a minute.
describe.each(NODES)('Node $major', (node) => {
  test('ends a worker whose HTTP/2 session is dead while a fresh connection is answered', async (context) => {
    const { expect: its } = context
    const { server, worker } = await begin(context, node, { tls: true })
    await server.mute()
    its(await worker.exit, worker.log).toBe(70)
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
    const { server, worker } = await begin(context, node, {})
    await server.setMode('poll-hang')
    await its.poll(() => worker.log, { timeout: 90_000 }).toContain('not ended')
    its(worker.child.exitCode, worker.log).toBeNull()
    its(worker.causes(), worker.log).not.toContain('connection-reused-dead')
  }, 120_000)

  test('opens no connection where that is switched off, and then claims nothing for sure', async (context) => {
    const { expect: its } = context
    const { server, worker } = await begin(context, node, { tls: true }, { CONDUCTOR_STALL_FRESH_CONNECTIONS: 'false' })
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
    const { server, worker } = await begin(context, node, {})
    await server.setMode('503')
    await new Promise((resolve) => setTimeout(resolve, 12_000))
    its(worker.child.exitCode, worker.log).toBeNull()
    its(worker.incidents(), worker.log).toEqual([])
  }, 60_000)

  test('never ends a worker whose server refuses connections', async (context) => {
    const { expect: its } = context
    const { server, worker } = await begin(context, node, {})
    await server.stop()
    await its.poll(() => worker.log, { timeout: 90_000 }).toContain('not ended')
    its(worker.child.exitCode, worker.log).toBeNull()
    its(worker.causes()).not.toContain('connection-reused-dead')
  }, 120_000)
})
