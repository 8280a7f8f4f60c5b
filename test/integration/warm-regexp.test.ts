/** A regular expression that V8 has compiled calls nothing while it matches: seen from outside all the same. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { DumpJson } from '../../src/report/dump-json.js'
import { runCli } from '../support/cli.js'
import { NODES, PROGRAMS, type NodeBinary } from '../support/nodes.js'
import { startProgram } from '../support/program.js'

const PROGRAM = path.join(PROGRAMS, 'regexp/warm.cjs')
const LINES = readFileSync(PROGRAM, 'utf8').split('\n')
const lineOf = (text: string): number => LINES.findIndex((line) => line.includes(text)) + 1

async function dumpOf(node: NodeBinary, how: string): Promise<DumpJson> {
  const program = await startProgram(node, PROGRAM, [how])
  try {
    // The program says `ready` 50 ms before it matches: the dump takes longer to start.
    const { stdout } = await runCli(['dump', String(program.pid), '--json'])
    return JSON.parse(stdout) as DumpJson
  } finally {
    await program.end()
  }
}

describe.each(NODES)('Node $version', (node) => {
  it.each([
    ['test', 'pattern.test('],
    ['exec', 'pattern.exec('],
    ['match', 'text.match('],
    ['replace', 'text.replace('],
  ])('names a compiled pattern that backtracks in %s, and the line', async (how, call) => {
    const { verdicts } = await dumpOf(node, how)
    // On a crowded machine the program is also starved, which then comes first.
    const verdict = verdicts.find(({ kind }) => kind === 'computing')
    expect(verdict, JSON.stringify(verdicts)).toMatchObject({ cause: 'regexp', where: { line: lineOf(call) } })
  })

  it.each([
    ['many short matches', 'tokens'],
    ['a match that is over', 'after'],
  ])('blames no pattern for a loop with %s', async (_name, how) => {
    const { verdicts } = await dumpOf(node, how)
    expect(verdicts.map(({ kind }) => kind)).toContain('computing')
    expect(verdicts.map(({ cause }) => cause)).not.toContain('regexp')
  })
})
