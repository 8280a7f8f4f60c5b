/** The whole agent in a worker on the real SDK: what must leave an incident, and what must leave none. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, test, type TestContext } from 'vitest'
import type { IncidentManifest } from '../../../src/model/incident.js'
import { startConductorServer, type ConductorServer, type ServerOptions } from '../../support/conductor-server.js'
import { NODES, PROJECT_ROOT, type NodeBinary } from '../../support/nodes.js'
import { SDK_FOLDER, type ModuleKind } from '../../support/sdk-worker.js'

type Finished = TestContext['onTestFinished']

interface Line {
  readonly name: string
  readonly node: NodeBinary
  readonly kind: ModuleKind
}

const LINES: readonly Line[] = NODES.map((node, i) => ({
  name: `Node ${node.major}`,
  node,
  kind: i % 2 === 0 ? 'mjs' : 'cjs',
}))

/** Two seconds of silence are a warning, four the end. */
const THRESHOLDS = {
  CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '4',
  CONDUCTOR_STALL_WARN_SECONDS: '2',
  CONDUCTOR_STALL_EVENT_LOOP_WARN_SECONDS: '2',
  CONDUCTOR_STALL_PROFILE_SECONDS: '0.3',
}

class AgentWorker {
  readonly child: ChildProcess
  readonly dir: string
  readonly exit: Promise<number | null>
  log = ''

  constructor({ node, kind }: Line, url: string, env: Readonly<Record<string, string>>) {
    this.dir = mkdtempSync(path.join(tmpdir(), 'stall-sdk-'))
    const preload =
      kind === 'mjs'
        ? ['--import', path.join(PROJECT_ROOT, 'dist/register.js')]
        : ['--require', path.join(PROJECT_ROOT, 'dist/index.js')]
    this.child = spawn(node.path, [...preload, path.join(SDK_FOLDER, `worker.${kind}`)], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        CONDUCTOR_SERVER_URL: url,
        CONDUCTOR_STALL_DIR: this.dir,
        ...THRESHOLDS,
        ...env,
      },
    })
    this.exit = once(this.child, 'exit').then(([code]) => code as number | null)
    this.child.stderr?.on('data', (data: Buffer) => (this.log += data.toString()))
    this.child.stdout?.on('data', (data: Buffer) => (this.log += data.toString()))
  }

  incidents(): IncidentManifest[] {
    return readdirSync(this.dir)
      .map((name) => path.join(this.dir, name, 'incident.json'))
      .filter((file) => existsSync(file))
      .map((file) => JSON.parse(readFileSync(file, 'utf8')) as IncidentManifest)
  }

  async end(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.exit
    rmSync(this.dir, { recursive: true, force: true })
  }
}

async function serve(onTestFinished: Finished, options: ServerOptions): Promise<ConductorServer> {
  const server = await startConductorServer(options)
  onTestFinished(() => server.stop())
  return server
}

function work(onTestFinished: Finished, line: Line, server: ConductorServer, env: Record<string, string>): AgentWorker {
  const worker = new AgentWorker(line, server.url, env)
  onTestFinished(() => worker.end())
  return worker
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

interface Harmless {
  readonly what: string
  readonly server: ServerOptions
  readonly env: Readonly<Record<string, string>>
  readonly tasks?: { count: number; responseTimeoutSeconds: number }
  /** Proof that it did what its name says. */
  readonly proof: (server: ConductorServer) => Promise<boolean>
}

const polls = async (server: ConductorServer): Promise<boolean> => (await server.state()).answeredPolls > 3
const holds = async (server: ConductorServer): Promise<boolean> => (await server.state()).held.length > 0

const HARMLESS: readonly Harmless[] = [
  { what: 'a healthy worker', server: { mode: 'ok', taskEvery: 3 }, env: {}, proof: polls },
  {
    what: 'a worker that computes in slices',
    server: { mode: 'ok' },
    env: { EXECUTE: 'busy:20000' },
    tasks: { count: 1, responseTimeoutSeconds: 60 },
    proof: holds,
  },
  {
    what: 'slots full of young tasks',
    server: { mode: 'ok' },
    env: { EXECUTE: 'slow:60000' },
    tasks: { count: 1, responseTimeoutSeconds: 60 },
    proof: holds,
  },
  {
    what: 'a worker fed by updates alone',
    server: { mode: 'update-feeds-next-task' },
    env: { EXECUTE: 'slow:300' },
    proof: async (server) => (await server.state()).completed.length > 5 && (await server.state()).polls === 1,
  },
  {
    what: 'a long-polling worker',
    server: { mode: 'long-poll', holdMs: 60_000 },
    env: { API: 'manager', POLL_TIMEOUT: '60000' },
    proof: async (server) => (await server.state()).polls === 1,
  },
  {
    what: 'a server that answers with errors',
    server: { mode: '503' },
    env: {},
    proof: async (server) => (await server.requests()).filter((request) => request.status === 503).length > 3,
  },
]

// Side by side, since each has to be watched for longer than the limit. So `expect` is the one of the context: the global
// one does not know whose poll it is.
describe.concurrent.each(LINES)('$name', (line) => {
  for (const { what, server: options, env, tasks, proof } of HARMLESS) {
    test(`leaves no incident of ${what}`, async ({ expect: its, onTestFinished }) => {
      const server = await serve(onTestFinished, options)
      if (tasks) await server.enqueue('demo', tasks)
      const worker = work(onTestFinished, line, server, env)
      await its.poll(() => worker.log, { timeout: 20_000 }).toContain('polling')
      await pause(5000)
      its(await proof(server)).toBe(true)
      its(worker.child.exitCode, worker.log).toBeNull()
      its(worker.incidents(), worker.log).toEqual([])
    })
  }

  test('names a loop in execute, and ends the worker with 70', async ({ expect: its, onTestFinished }) => {
    const server = await serve(onTestFinished, { mode: 'ok' })
    await server.enqueue('demo')
    const worker = work(onTestFinished, line, server, { EXECUTE: 'loop' })
    its(await worker.exit, worker.log).toBe(70)
    const incident = worker.incidents().at(-1)
    its(incident?.process.node).toBe(line.node.version)
    // On a loaded machine it is starved of CPU as well, and that may come first.
    const computing = incident?.verdicts.find((verdict) => verdict.kind === 'computing')
    its(computing?.where, worker.log).toMatchObject({ function: 'execute' })
    its(computing?.where?.file).toContain('run-worker.cjs')
    its(incident?.clocks.find((clock) => clock.kind === 'poll-loop')?.slotsInUse).toBe(1)
  })

  test('ends a worker whose slots are held by tasks past their time-out', async ({ expect: its, onTestFinished }) => {
    const server = await serve(onTestFinished, { mode: 'ok' })
    await server.enqueue('demo', { responseTimeoutSeconds: 1 })
    const worker = work(onTestFinished, line, server, { EXECUTE: 'never' })
    its(await worker.exit, worker.log).toBe(70)
    const causes = worker.incidents().flatMap((incident) => incident.verdicts.map((verdict) => verdict.cause))
    its(causes, worker.log).toContain('slots-exhausted')
    // A first look that says something else (CPU starvation) is repeated after a minute.
  }, 240_000)

  for (const [when, churnMs] of [
    ['before anybody looked', '0'],
    // Long enough for the early look, which is due after 2 s, on a machine that others use too.
    ['after an early look', '14000'],
  ] as const) {
    // A heap that is collected all the time is read whole in most looks, not in all; there is one look a silence.
    test(
      `names execute once a promise that nothing can settle was collected, ${when}`,
      { retry: 2, timeout: 150_000 },
      async (context) => {
        const { expect: its, onTestFinished } = context
        const server = await serve(onTestFinished, { mode: 'ok' })
        await server.enqueue('demo', { responseTimeoutSeconds: 1 })
        const env = {
          EXECUTE: 'never',
          CHURN: churnMs,
          CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '0',
          CONDUCTOR_STALL_WARN_SECONDS: '40',
          CONDUCTOR_STALL_POLL_SUCCESS_WARN_SECONDS: '20',
        }
        const worker = work(onTestFinished, line, server, env)
        // Read once: its folder is renamed when it is sealed, and is not there under either name for a moment.
        let incident: IncidentManifest | undefined
        const found = (): boolean => (incident = worker.incidents()[0]) !== undefined
        await its.poll(found, { timeout: 90_000 }).toBe(true)
        its(incident?.process.node).toBe(line.node.version)
        const place = { function: 'execute', file: its.stringContaining('run-worker.cjs') }
        const [exhausted, gone] = ['slots-exhausted', 'never-settles'].map((cause) =>
          incident?.verdicts.find((verdict) => verdict.cause === cause),
        )
        its(exhausted?.where, worker.log).toMatchObject(place)
        its(gone?.where, JSON.stringify(incident?.verdicts)).toMatchObject(place)
        its(gone?.summary).toContain('collected')
      },
    )
  }

  test('ends a worker whose loop was lost, and gives the error', async ({ expect: its, onTestFinished }) => {
    const server = await serve(onTestFinished, { mode: 'ok' })
    const worker = work(onTestFinished, line, server, { LOGGER: 'throw', SWALLOW: '1' })
    await its.poll(async () => (await server.state()).answeredPolls, { timeout: 20_000 }).toBeGreaterThan(2)
    await server.setMode('503')
    its(await worker.exit, worker.log).toBe(70)
    const verdicts = worker.incidents().flatMap((incident) => incident.verdicts)
    its(verdicts[0], worker.log).toMatchObject({ kind: 'ended', cause: 'exception' })
    its(JSON.stringify(verdicts[0])).toContain('the logger threw')
  })

  test('stops on SIGTERM as it would without the agent', async ({ expect: its, onTestFinished }) => {
    const server = await serve(onTestFinished, { mode: 'ok' })
    const worker = work(onTestFinished, line, server, {})
    await its.poll(async () => (await server.state()).answeredPolls, { timeout: 20_000 }).toBeGreaterThan(2)
    worker.child.kill('SIGTERM')
    its(await worker.exit).toBeNull()
    its(worker.child.signalCode).toBe('SIGTERM')
    its(worker.incidents()).toEqual([])
  })
})
