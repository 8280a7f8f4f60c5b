/** What `dump` says of each function of a program that waits in many ways, beside what must be said. */
import { expect } from 'vitest'
import type { Verdict } from '../../src/model/verdict.js'
import { programFile } from './await-oracle.js'
import { startProgram, type AwaitTarget } from './await-target.js'
import { runCli } from './cli.js'
import { PROGRAMS, type NodeBinary } from './nodes.js'

/** What must be said of each function. */
export type Expected = readonly (readonly [name: string, cause: string, text: RegExp])[]

/** @param file of the programs of awaits */
export async function expectTold(node: NodeBinary, file: string, expected: Expected): Promise<void> {
  const target = await startProgram(node, programFile(PROGRAMS, file))
  try {
    let wrong = await wrongOf(target, expected)
    // A look that a garbage collection overtakes reads less.
    for (let look = 1; look < 4 && wrong.length > 0; look++) wrong = await wrongOf(target, expected)
    expect(wrong).toEqual([])
  } finally {
    await target.end()
  }
}

async function wrongOf(target: AwaitTarget, expected: Expected): Promise<string[]> {
  const { stdout } = await runCli(['dump', String(target.pid), '--json'])
  const { verdicts } = JSON.parse(stdout) as { readonly verdicts: readonly Verdict[] }
  return expected.flatMap(([name, cause, text]) => {
    const said = verdicts.find((each) => each.where?.function === name)
    const right = said?.cause === cause && text.test(said.summary)
    return right ? [] : [`${name}: ${said?.cause ?? 'no verdict'} ${said?.summary ?? ''}`]
  })
}
