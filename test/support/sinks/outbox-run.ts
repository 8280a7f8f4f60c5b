/** Folders of bundles, and the built commands that deliver from them, each as a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import type { Verdict } from '../../../src/model/verdict.js'
import { bundleIn, SEAL_PARTS, VERDICT } from '../incidents.js'
import { CLI, PROJECT_ROOT } from '../nodes.js'

export const DELIVERY = path.join(PROJECT_ROOT, 'dist/sinks/delivery-process.js')
export const TICKETS_SINK = path.join(PROJECT_ROOT, 'test/fixtures/programs/sinks/tickets-sink.cjs')

/** A sealed bundle of a stall in `functionName`: another name is another cause. Its id. */
export function stallBundle(
  directory: string,
  functionName = 'validate',
  more: Readonly<Partial<Verdict>> = {},
  /** Of something that can't be packed, beside the rest. */
  ballastBytes = 0,
): string {
  const writer = bundleIn(directory)
  if (ballastBytes > 0) writer.addArtifact('ballast.bin', randomBytes(ballastBytes), { engine: 'procfs', tookMs: 3 })
  writer.addArtifact('kernel.json', JSON.stringify({ made: Math.random() }), { engine: 'procfs', tookMs: 3 })
  const verdict: Verdict = { ...VERDICT, where: { ...VERDICT.where!, function: functionName }, ...more }
  const outcome = writer.seal({ ...SEAL_PARTS, verdicts: [verdict] })
  if (outcome.status !== 'sealed') throw outcome.error
  return path.basename(outcome.path)
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
}

export function startNode(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string = process.cwd(),
): Running {
  const child = spawn(process.execPath, [...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, ...output }))
  })
  return { child, ended }
}

export async function diag(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd?: string,
): Promise<Ended> {
  return await startNode([CLI, ...args], env, cwd).ended
}
