/** What `dump` says first of a program that is ready. */
import path from 'node:path'
import type { Verdict } from '../../src/model/verdict.js'
import { startProgram } from './await-target.js'
import { runCli } from './cli.js'
import { PROGRAMS, type NodeBinary } from './nodes.js'
import { startProgram as startWithPorts } from './program.js'

/** Starts it, looks at it once, and ends it. */
export async function verdictsOfProgram(
  node: NodeBinary,
  program: string,
  args: readonly string[] = [],
  nodeArgs: readonly string[] = [],
): Promise<readonly Verdict[]> {
  const target = await startProgram(node, program, args, { nodeArgs })
  try {
    const { stdout } = await runCli(['dump', String(target.pid), '--json'])
    return (JSON.parse(stdout) as { readonly verdicts: readonly Verdict[] }).verdicts
  } finally {
    await target.end()
  }
}

/** The same of a program that talks to `awaits/peer.cjs`: its arguments are its kind and the port at which nothing answers. */
export async function verdictsBesidePeer(node: NodeBinary, program: string, kind: string): Promise<readonly Verdict[]> {
  const peer = await startWithPorts(node, path.join(PROGRAMS, 'awaits/peer.cjs'), [])
  const target = await startWithPorts(node, program, [kind, String(peer.ready['mute'])], [], 'pipe')
  try {
    const { stdout } = await runCli(['dump', String(target.pid), '--json'])
    return (JSON.parse(stdout) as { readonly verdicts: readonly Verdict[] }).verdicts
  } finally {
    await target.end()
    await peer.end()
  }
}
