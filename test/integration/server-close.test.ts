/** What a closed server still waits for: each connection, who has it, and what it does. */
import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../src/model/verdict.js'
import { programFile } from '../support/await-oracle.js'
import { startProgram, type AwaitTarget } from '../support/await-target.js'
import { runCli } from '../support/cli.js'
import { NODES, PROGRAMS } from '../support/nodes.js'

const EXPECTED: readonly (readonly [name: string, text: RegExp])[] = [
  [
    'shutDown',
    /the end of 2 connections of a server that was closed: from 127\.0\.0\.1:\d+ \(idle, silent for [^)]+\); from/,
  ],
  [
    'shutDownWeb',
    /the end of a connection of a server that was closed: from 127\.0\.0\.1:\d+ \(GET \/report, not answered/,
  ],
  ['firstClient', /waits for a listening server/],
]

async function wrongOf(target: AwaitTarget): Promise<string[]> {
  const { stdout } = await runCli(['dump', String(target.pid), '--json'])
  const { verdicts } = JSON.parse(stdout) as { readonly verdicts: readonly Verdict[] }
  return EXPECTED.flatMap(([name, text]) => {
    const said = verdicts.find((each) => each.where?.function === name)
    return said !== undefined && text.test(said.summary) && said.confidence === 'low'
      ? []
      : [`${name}: ${said?.confidence} ${said?.summary ?? 'no verdict'}`]
  })
}

describe.each(NODES)('a server that was closed, on Node $major', (node) => {
  it('is told with the connections that hold it open', async () => {
    const target = await startProgram(node, programFile(PROGRAMS, 'server-close.cjs'))
    try {
      let wrong = await wrongOf(target)
      // A look that a garbage collection overtakes reads less.
      for (let look = 1; look < 4 && wrong.length > 0; look++) wrong = await wrongOf(target)
      expect(wrong).toEqual([])
    } finally {
      await target.end()
    }
  })
})
