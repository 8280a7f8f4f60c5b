/** Starts a program of `fixtures/programs/awaits`, waits until it is ready, and reads its awaits from memory. */
import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readAwaits } from '../../src/capture/read-awaits.js'
import { openMemoryTarget } from '../../src/capture/memory-target.js'
import type { AwaitTree } from '../../src/model/await.js'
import { createRedactor } from '../../src/redact/redactor.js'
import type { NodeBinary } from './nodes.js'

export interface AwaitTarget {
  readonly pid: number
  readonly child: ChildProcess
  /** Everything it wrote on stderr so far. */
  errors(): string
  end(): Promise<void>
}

export async function startProgram(
  node: NodeBinary,
  file: string,
  args: readonly string[] = [],
  options: {
    readonly nodeArgs?: readonly string[]
    readonly env?: NodeJS.ProcessEnv
    onOutput?(text: string): void
  } = {},
): Promise<AwaitTarget> {
  const child = spawn(node.path, [...(options.nodeArgs ?? []), file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', ...options.env },
  })
  let errors = ''
  let output = ''
  child.stderr?.on('data', (data: Buffer) => (errors += data.toString()))
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${file} was not ready in 30 s: ${errors}`)), 30_000)
    child.stdout?.on('data', (data: Buffer) => {
      output += data.toString()
      options.onOutput?.(data.toString())
      if (!output.includes('READY')) return
      clearTimeout(late)
      resolve()
    })
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code}: ${errors}`)))
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`${file} has no pid`)
  return {
    pid,
    child,
    errors: () => errors,
    end: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) {
          resolve()
          return
        }
        child.removeAllListeners('exit')
        child.once('exit', () => resolve())
        child.kill('SIGTERM')
        setTimeout(() => child.kill('SIGKILL'), 3_000).unref()
      }),
  }
}

export function startTicksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
}

/** One look at a process from outside. */
export function lookAtAwaits(pid: number, options: { readonly locals?: boolean } = {}): AwaitTree {
  const target = { pid, startTicks: startTicksOf(pid), procRoot: `/proc/${pid}`, inside: false }
  const memory = openMemoryTarget(target)
  try {
    return readAwaits(memory, {
      target,
      deadlineMs: performance.now() + 60_000,
      locals: options.locals ?? false,
      redactor: createRedactor(),
    })
  } finally {
    memory.dispose()
  }
}
