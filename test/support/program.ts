/** A program under observation: started on a given Node, ready when it says so, always ended. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { expect } from 'vitest'
import type { NodeBinary } from './nodes.js'

export type Line = Record<string, unknown>

export class Program {
  readonly child: ChildProcess
  readonly pid: number
  /** The first line, which has `ready: true`. */
  ready: Line = {}
  readonly lines: Line[] = []
  readonly #waiting: {
    wanted: (line: Line) => boolean
    resolve: (line: Line) => void
    reject: (error: Error) => void
  }[] = []
  #errors = ''

  constructor(child: ChildProcess) {
    this.child = child
    this.pid = child.pid ?? -1
    child.stderr?.on('data', (chunk: Buffer) => (this.#errors += chunk.toString('utf8')))
    if (child.stdout) createInterface({ input: child.stdout }).on('line', (text) => this.#take(text))
    child.once('exit', (code, signal) => {
      const error = new Error(`the program ended (${code ?? signal}): ${this.#errors.slice(0, 2000)}`)
      for (const { reject } of this.#waiting.splice(0)) reject(error)
    })
  }

  /** The next line that fits, counted from now. */
  async line(wanted: (line: Line) => boolean, withinMs = 20_000): Promise<Line> {
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no such line within ${withinMs} ms: ${this.#errors}`)), withinMs)
      this.#waiting.push({
        wanted,
        resolve: (line) => {
          clearTimeout(timer)
          resolve(line)
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      })
    })
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const gone = new Promise((resolve) => this.child.once('exit', resolve))
    this.child.kill('SIGKILL')
    await gone
  }

  #take(text: string): void {
    const line = JSON.parse(text) as Line
    this.lines.push(line)
    for (const waiting of this.#waiting.slice()) {
      if (!waiting.wanted(line)) continue
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
      waiting.resolve(line)
    }
  }
}

/** Starts `file` and waits for its `ready` line, whose version must be the binary's. */
export async function startProgram(
  node: NodeBinary,
  file: string,
  args: readonly string[] = [],
  flags: readonly string[] = [],
  stdin: 'ignore' | 'pipe' = 'ignore',
): Promise<Program> {
  const child = spawn(node.path, [...flags, file, ...args], {
    stdio: [stdin, 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] },
  })
  const program = new Program(child)
  try {
    program.ready = await program.line((line) => line['ready'] === true)
  } catch (thrown) {
    await program.end()
    throw thrown
  }
  expect(program.ready['version']).toBe(node.version)
  return program
}
