/** A program of test/queues with the whole agent inside: warned of after three seconds of silence, ended after six. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { IncidentManifest } from '../../src/model/incident.js'
import type { DumpJson } from '../../src/report/dump-json.js'
import { PROJECT_ROOT, type NodeBinary } from './nodes.js'

const FOLDER = path.join(PROJECT_ROOT, 'test/queues')
const SETTINGS = {
  CONDUCTOR_STALL_WARN_SECONDS: '3',
  CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '6',
  CONDUCTOR_STALL_EVENT_LOOP_WARN_SECONDS: '20',
  CONDUCTOR_STALL_COOLDOWN_SECONDS: '0',
  CONDUCTOR_STALL_PROFILE_SECONDS: '0',
}

export class QueueAgent {
  readonly child: ChildProcess
  readonly dir = mkdtempSync(path.join(tmpdir(), 'stall-queue-'))
  readonly exit: Promise<number | null>
  readonly #node: NodeBinary
  log = ''

  /** @param program of test/queues, with its arguments */
  constructor(node: NodeBinary, program: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#node = node
    const [file = '', ...args] = program
    const preload = ['--require', path.join(PROJECT_ROOT, 'dist/index.js')]
    this.child = spawn(node.path, [...preload, path.join(FOLDER, file), ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], CONDUCTOR_STALL_DIR: this.dir, ...SETTINGS, ...env },
    })
    this.exit = once(this.child, 'exit').then(([code]) => code as number | null)
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (data: Buffer) => (this.log += data.toString()))
    }
  }

  incidents(): IncidentManifest[] {
    return readdirSync(this.dir)
      .map((name) => path.join(this.dir, name, 'incident.json'))
      .filter((file) => existsSync(file))
      .map((file) => JSON.parse(readFileSync(file, 'utf8')) as IncidentManifest)
  }

  /** What `dump` says of it from outside. */
  dump(): DumpJson {
    const command = path.join(PROJECT_ROOT, 'bin/conductor-diag.js')
    const text = execFileSync(this.#node.path, [command, 'dump', String(this.child.pid), '--json'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 64 * 1024 * 1024,
    })
    return JSON.parse(text) as DumpJson
  }

  async end(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.exit
    rmSync(this.dir, { recursive: true, force: true })
  }
}

/** Adds jobs to the queue, or deletes it (test/queues/add.cjs). */
export function addJobs(node: NodeBinary, library: string, url: string, what: string): void {
  execFileSync(node.path, [path.join(FOLDER, 'add.cjs'), library, url, what])
}
