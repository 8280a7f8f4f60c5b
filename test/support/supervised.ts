/** `conductor-diag run` as a process, with what it and its worker say. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { RunEvent } from '../../src/supervise/events.js'
import { CLI, PROGRAMS } from './nodes.js'

export const SUPERVISED_WORKER = path.join(PROGRAMS, 'supervised/worker.cjs')

export type WorkerLine = Readonly<Record<string, unknown>>

export class Supervised {
  readonly child: ChildProcess
  /** Events of the supervisor; lines of the agent are left out. */
  readonly events: RunEvent[] = []
  readonly lines: WorkerLine[] = []
  readonly exit: Promise<readonly [number | null, string | null]>
  #text = ''

  /** @param node the binary that runs the supervisor */
  constructor(node: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(node, [CLI, 'run', '--json', ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    })
    this.exit = once(this.child, 'exit').then(([code, signal]) => [code as number | null, signal as string | null])
    if (this.child.stderr) createInterface({ input: this.child.stderr }).on('line', (line) => this.#takeEvent(line))
    if (this.child.stdout) createInterface({ input: this.child.stdout }).on('line', (line) => this.#takeLine(line))
  }

  get pid(): number {
    return this.child.pid ?? -1
  }

  all<E extends RunEvent['event']>(name: E): Extract<RunEvent, { event: E }>[] {
    return this.events.filter((event): event is Extract<RunEvent, { event: E }> => event.event === name)
  }

  /** The worker's n-th `ready` line. */
  ready(n = 0): WorkerLine | undefined {
    return this.lines.filter((line) => line['ready'] === true)[n]
  }

  async until(what: string, wanted: () => boolean, limitMs = 20_000): Promise<void> {
    const deadline = performance.now() + limitMs
    while (!wanted()) {
      if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}\n${this.#text}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Whatever happened in the test: nothing stays. */
  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    this.child.kill('SIGTERM')
    this.child.kill('SIGTERM')
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 5000)
    await this.exit
    clearTimeout(timer)
  }

  #takeEvent(line: string): void {
    this.#text += `${line}\n`
    if (!line.includes('"conductor-diag run"')) return
    this.events.push(JSON.parse(line) as RunEvent)
  }

  #takeLine(line: string): void {
    this.#text += `${line}\n`
    this.lines.push(line.startsWith('{') ? (JSON.parse(line) as WorkerLine) : { text: line })
  }
}
