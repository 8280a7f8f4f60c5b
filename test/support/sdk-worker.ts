/** A worker on the real SDK with the integrations, but no agent: its clocks are read through descriptor 3. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { EndedPoller, TaskInFlight } from '../../src/model/evidence.js'
import type { ClockReading } from '../../src/model/heartbeat.js'
import { PROJECT_ROOT, type NodeBinary } from './nodes.js'

const PROBE = path.join(PROJECT_ROOT, 'test/fixtures/probes/clocks.cjs')
export function sdkFolder(line = '4.0.0'): string {
  return path.join(PROJECT_ROOT, `test/sdk/conductor-${line}`)
}
export const SDK_FOLDER = sdkFolder()

export type ModuleKind = 'cjs' | 'mjs'

/** See test/sdk/run-worker.cjs for what the environment does. */
export interface SdkWorkerOptions {
  readonly kind: ModuleKind
  readonly url: string
  readonly env?: Readonly<Record<string, string>>
  /** Another line of the SDK than 4.0.0. */
  readonly sdk?: string
  /** Another program than worker.cjs or worker.mjs. */
  readonly file?: string
  readonly args?: readonly string[]
}

export interface ClockLine {
  readonly node: string
  readonly clocks: readonly ClockReading[]
  readonly tasks: readonly TaskInFlight[]
  /** For each task in flight: is there a promise, and the name of the function that executes it. */
  readonly promises: readonly boolean[]
  readonly executes: readonly (string | null)[]
  readonly ended: readonly EndedPoller[]
  readonly unfinished: readonly string[]
  readonly hookFailures: string | null
}

export class SdkWorker {
  readonly child: ChildProcess
  readonly lines: ClockLine[] = []
  #errors = ''
  #arrived: (() => void)[] = []

  constructor(node: NodeBinary, options: SdkWorkerOptions) {
    const file = options.file ?? path.join(sdkFolder(options.sdk), `worker.${options.kind}`)
    this.child = spawn(
      node.path,
      [options.kind === 'mjs' ? '--import' : '--require', PROBE, file, ...(options.args ?? [])],
      {
        stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
        env: { PATH: process.env['PATH'], CONDUCTOR_SERVER_URL: options.url, ...options.env },
      },
    )
    this.child.stderr?.on('data', (data: Buffer) => (this.#errors += data.toString()))
    const clocks = this.child.stdio[3]
    if (!clocks || !('on' in clocks)) throw new Error('no descriptor 3')
    createInterface({ input: clocks as NodeJS.ReadableStream }).on('line', (line) => {
      this.lines.push(JSON.parse(line) as ClockLine)
      for (const arrived of this.#arrived.splice(0)) arrived()
    })
  }

  get last(): ClockLine | undefined {
    return this.lines.at(-1)
  }

  clock(name = 'conductor:demo'): ClockReading | undefined {
    return this.last?.clocks.find((clock) => clock.name === name)
  }

  /** Looks at every line that arrives, the last one first. */
  async until(what: string, wanted: (worker: this) => boolean, limitMs = 20_000): Promise<void> {
    const deadline = performance.now() + limitMs
    while (!wanted(this)) {
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`ended before: ${what}\n${this.#errors}`)
      if (performance.now() > deadline)
        throw new Error(`not within ${limitMs} ms: ${what}\n${JSON.stringify(this.last)}\n${this.#errors}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 500)
        this.#arrived.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  command(line: 'pause' | 'resume' | 'stop' | 'start'): void {
    this.child.stdin?.write(`${line}\n`)
  }

  /** What it wrote on stderr: warnings of Node's among it. */
  get errors(): string {
    return this.#errors
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const exited = once(this.child, 'exit')
    this.child.kill('SIGKILL')
    await exited
  }
}
