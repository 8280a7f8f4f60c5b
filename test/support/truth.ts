/** Truth programs: they say their own stack at the very point where they then block. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import path from 'node:path'
import type { Frame } from '../../src/model/frame.js'
import { scriptPath } from '../../src/v8/objects/scripts.js'
import { type NodeBinary, PROGRAMS } from './nodes.js'

export interface TrueFrame {
  readonly function: string | null
  readonly file: string | null
  readonly line: number | null
  readonly column: number | null
  readonly async: boolean
}

export interface TruthProcess {
  readonly child: ChildProcess
  readonly pid: number
  readonly version: string
  /** Null for a blind run. One list a pause: programs with worker threads pause more than once. */
  readonly truths: readonly (readonly TrueFrame[] | null)[]
  end(): Promise<void>
}

export interface TruthOptions {
  readonly program: string
  readonly blocker?: string
  readonly blind?: boolean
  readonly flags?: readonly string[]
  readonly pauses?: number
  readonly environment?: NodeJS.ProcessEnv
}

const DEADLINE_MS = 60_000

/** Resolves once the program has said all its stacks; it is then about to block, or has. */
export async function startTruth(node: NodeBinary, options: TruthOptions): Promise<TruthProcess> {
  const child = spawn(node.path, [...(options.flags ?? []), path.join(PROGRAMS, options.program)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      TRUTH: `${options.blocker ?? 'read'}${options.blind ? ' blind' : ''}`,
      PATH: process.env['PATH'],
      ...options.environment,
    },
  })
  const exited = once(child, 'exit')
  const end = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
  }
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const deadline = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS)
  const truths: (readonly TrueFrame[] | null)[] = []
  let version = ''
  for await (const line of createInterface({ input: child.stdout })) {
    const said = JSON.parse(line) as { version: string; frames: readonly TrueFrame[] | null }
    version = said.version
    truths.push(said.frames)
    if (truths.length === (options.pauses ?? 1)) break
  }
  clearTimeout(deadline)
  if (truths.length < (options.pauses ?? 1) || child.pid === undefined) {
    await end()
    throw new Error(`${options.program} said ${truths.length} stacks on ${node.version}\n${errors}`)
  }
  return { child, pid: child.pid, version, truths, end }
}

function text(frame: TrueFrame | Frame): string {
  const file = scriptPath(frame.file)
  // A computed name (`[Symbol.iterator]`) belongs to the function object; the rule for names knows the code's only.
  // `eval` for the code of an evaluation itself is a word of V8's printing of stacks, no name of a function.
  const isNoName = frame.function?.startsWith('[') || (frame.function === 'eval' && file?.startsWith('eval at '))
  const name = isNoName ? null : frame.function
  return `${frame.async ? 'async ' : ''}${name ?? '(anonymous)'} ${file === null ? '(builtin)' : `${file}:${frame.line}:${frame.column}`}`
}

/** Frames as lines to compare: from `pause` outwards, those of scripts. */
export function scriptLines(frames: readonly (TrueFrame | Frame)[]): string[] {
  const from = frames.findIndex((frame) => frame.function === 'pause' || frame.function === 'innermost')
  return frames
    .slice(Math.max(0, from))
    .filter((frame) => frame.file !== null)
    .map(text)
}
