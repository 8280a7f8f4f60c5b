/** A worker on the real SDK under the agent, whose server loses its connections: short time-outs, and what it left. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestContext } from 'vitest'
import type { IncidentManifest } from '../../src/model/incident.js'
import { startConductorServer, type ConductorServer, type ServerOptions } from './conductor-server.js'
import { PROJECT_ROOT, type NodeBinary } from './nodes.js'
import { type ModuleKind, sdkFolder } from './sdk-worker.js'

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

export interface WorkerOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly sdk?: string
  readonly kind?: ModuleKind
}

export class AgentWorker {
  readonly child: ChildProcess
  readonly dir = mkdtempSync(path.join(tmpdir(), 'stall-dead-'))
  readonly exit: Promise<number | null>
  log = ''

  constructor(node: NodeBinary, url: string, { env = {}, sdk = '4.0.0', kind = 'cjs' }: WorkerOptions = {}) {
    const preload = ['--require', path.join(PROJECT_ROOT, 'dist/index.js')]
    this.child = spawn(node.path, [...preload, path.join(sdkFolder(sdk), `worker.${kind}`)], {
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

  /** Of one of its incidents. */
  folderOf(id: string): string {
    return path.join(this.dir, readdirSync(this.dir).find((name) => name.includes(id)) ?? '')
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

/** A server, and a worker that it has answered. */
export async function beginWorker(
  { expect: its, onTestFinished }: { expect: TestContext['expect']; onTestFinished: Finished },
  node: NodeBinary,
  options: ServerOptions,
  of: WorkerOptions = {},
): Promise<{ server: ConductorServer; worker: AgentWorker }> {
  const server = await startConductorServer({ mode: 'ok', ...options })
  onTestFinished(() => server.stop())
  const worker = new AgentWorker(node, server.url, of)
  onTestFinished(() => worker.end())
  await its.poll(async () => (await server.state()).answeredPolls, { timeout: 30_000 }).toBeGreaterThan(2)
  return { server, worker }
}
