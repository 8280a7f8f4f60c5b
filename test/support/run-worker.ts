/** Runs a program under the agent as a user would, and gathers everything it left. */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll } from 'vitest'
import type { IncidentManifest, Tombstone } from '../../src/model/incident.js'
import { PROGRAMS, PROJECT_ROOT, type NodeBinary } from './nodes.js'

export const PRELOAD = path.join(PROJECT_ROOT, 'dist/index.js')

/** How the agent is asked for. `none`: not at all, for comparison. */
export type Preload = 'require' | 'import' | 'node-options' | 'none'

export interface WorkerOptions {
  readonly node: NodeBinary
  /** File name under test/fixtures/programs, or a whole path. */
  readonly program: string
  readonly args?: readonly string[]
  readonly preload?: Preload
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly stdio?: StdioOptions
  /** Another file of the agent's to load, and a command that starts the rest of the command line. */
  readonly preloadFile?: string
  readonly wrap?: readonly string[]
  /** The folder for bundles; default a fresh one. */
  readonly dir?: string
}

export interface WorkerResult {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** Without what it says of itself at its start. */
  readonly lines: readonly LogLine[]
  /** `watching` and `folder` lines. */
  readonly starts: readonly LogLine[]
  readonly tookMs: number
  readonly incidents: readonly IncidentManifest[]
  /** Folders that were never sealed. */
  readonly partial: readonly string[]
  readonly tombstones: readonly Tombstone[]
}

export interface LogLine {
  readonly level: number
  readonly msg: string
  readonly event?: string
  readonly [field: string]: unknown
}

const started = new Set<ChildProcess>()

// A test that fails before it ends its worker leaves one that may compute for ever, beside every test that follows.
afterAll(() => {
  for (const child of started) child.kill('SIGKILL')
})

export class RunningWorker {
  readonly child: ChildProcess
  readonly folder: string
  readonly dir: string
  readonly result: Promise<WorkerResult>
  private stdout = ''
  private stderr = ''
  private readonly waiting = new Set<() => void>()

  constructor(options: WorkerOptions) {
    this.folder = mkdtempSync(path.join(os.tmpdir(), 'stall-worker-'))
    this.dir = options.dir ?? path.join(this.folder, 'bundles')
    const startedAt = performance.now()
    const [command = '', ...args] = [...(options.wrap ?? []), options.node.path, ...commandLine(options)]
    this.child = spawn(command, args, {
      env: environment(options, this.dir, this.folder),
      stdio: options.stdio ?? ['ignore', 'pipe', 'pipe'],
    })
    started.add(this.child)
    this.child.once('exit', () => started.delete(this.child))
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => this.hear('stdout', text))
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => this.hear('stderr', text))
    this.result = new Promise((resolve, reject) => {
      this.child.once('error', reject)
      this.child.once('exit', (code, signal) => {
        const tookMs = performance.now() - startedAt
        const finish = (): void => resolve(this.collect(code, signal, tookMs))
        // `close` comes when all output was read, and never while a grandchild holds the pipes.
        const timer = setTimeout(finish, 1000)
        this.child.once('close', () => {
          clearTimeout(timer)
          finish()
        })
        this.child.unref()
      })
    })
  }

  /** On stdout so far. */
  get said(): string {
    return this.stdout
  }

  /** Waits until its output contains the text; fails when it ends or the time is over before that. */
  async says(text: string, limitMs = 30_000): Promise<void> {
    const deadline = performance.now() + limitMs
    while (!this.stdout.includes(text) && !this.stderr.includes(text)) {
      const leftMs = deadline - performance.now()
      if (leftMs <= 0 || this.child.exitCode !== null) {
        throw new Error(`it did not say ${text}; it said ${this.stdout}\n${this.stderr}`)
      }
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer)
          this.waiting.delete(wake)
          resolve()
        }
        const timer = setTimeout(wake, Math.min(leftMs, 500))
        this.waiting.add(wake)
      })
    }
  }

  private hear(stream: 'stdout' | 'stderr', text: string): void {
    this[stream] += text
    for (const wake of this.waiting) wake()
  }

  private collect(code: number | null, signal: NodeJS.Signals | null, tookMs: number): WorkerResult {
    const left = leftIn(this.dir)
    rmSync(this.folder, { recursive: true, force: true })
    this.child.stdout?.destroy()
    this.child.stderr?.destroy()
    const all = parseLines(this.stderr)
    const [starts, lines] = [all.filter(isOfStart), all.filter((line) => !isOfStart(line))]
    return { code, signal, stdout: this.stdout, stderr: this.stderr, lines, starts, tookMs, ...left }
  }
}

function isOfStart({ event }: LogLine): boolean {
  return event === 'watching' || event === 'folder'
}

/** A capture needs a second of CPU: more at a time, and all of them would run into their deadlines. */
const AT_A_TIME = 3
let running = 0
const queue: (() => void)[] = []

/** Runs it to its end. Of one test file a few at a time. */
export async function runWorker(options: WorkerOptions): Promise<WorkerResult> {
  return await inTurn(async () => await new RunningWorker(options).result)
}

/** Of one test file a few at a time. */
async function inTurn<T>(act: () => Promise<T>): Promise<T> {
  if (running >= AT_A_TIME) await new Promise<void>((resolve) => queue.push(resolve))
  running++
  try {
    return await act()
  } finally {
    running--
    queue.shift()?.()
  }
}

/** Second-scale thresholds: warn 1 s, stall 3 s. */
export const FAST = {
  CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '3',
  CONDUCTOR_STALL_WARN_SECONDS: '1',
  CONDUCTOR_STALL_EVENT_LOOP_WARN_SECONDS: '1.5',
  CONDUCTOR_STALL_GRACE_SECONDS: '40',
  CONDUCTOR_STALL_PROFILE_SECONDS: '0.3',
}

function commandLine({ preload = 'require', preloadFile = PRELOAD, ...options }: WorkerOptions): string[] {
  const { flags = [], program, args = [] } = options
  const agent = preload === 'require' || preload === 'import' ? [`--${preload}`, preloadFile] : []
  return [...flags, ...agent, path.resolve(PROGRAMS, program), ...args]
}

function environment(options: WorkerOptions, dir: string, folder: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: folder,
    TEST_FOLDER: folder,
    CONDUCTOR_STALL_DIR: dir,
    ...FAST,
    ...(options.preload === 'node-options' ? { NODE_OPTIONS: `--require ${PRELOAD}` } : {}),
    ...options.env,
  }
}

/** Every line that is JSON with a message; the rest is the program's own. */
export function parseLines(text: string): LogLine[] {
  return text.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return []
    try {
      return [JSON.parse(line) as LogLine]
    } catch {
      return []
    }
  })
}

function leftIn(dir: string): Pick<WorkerResult, 'incidents' | 'partial' | 'tombstones'> {
  const names = readNames(dir)
  const read = (name: string): unknown => JSON.parse(readFileSync(path.join(dir, name), 'utf8'))
  return {
    incidents: names
      .filter((name) => /^[0-9A-Z]{26}$/.test(name))
      .map((name) => read(`${name}/incident.json`) as IncidentManifest),
    partial: names.filter((name) => name.endsWith('.partial')),
    tombstones: names.filter((name) => name.startsWith('tombstone-')).map((name) => read(name) as Tombstone),
  }
}

function readNames(dir: string): string[] {
  try {
    return readdirSync(dir)
  } catch {
    // No bundle, no folder.
    return []
  }
}
