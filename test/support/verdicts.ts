/** What `dump` says first of a program that is ready. */
import type { Verdict } from '../../src/model/verdict.js'
import { startProgram } from './await-target.js'
import { runCli } from './cli.js'
import type { NodeBinary } from './nodes.js'

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
