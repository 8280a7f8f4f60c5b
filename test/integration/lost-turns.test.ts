/** Locks that nobody holds any more: which code takes them and leaves without giving them back. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../src/model/verdict.js'
import { programFile } from '../support/await-oracle.js'
import { startProgram, type AwaitTarget } from '../support/await-target.js'
import { runCli } from '../support/cli.js'
import { NODES, PROGRAMS } from '../support/nodes.js'

const FILE = programFile(PROGRAMS, 'lost-turns.cjs')
const LINES = readFileSync(FILE, 'utf8').split('\n')
const lineOf = (mark: string): number => LINES.findIndex((line) => line.includes(mark)) + 1
const LEAVES = 'leaves without giving it back'

/** What must be said of each function or lock; null: that it says nothing of somebody who left. */
const EXPECTED: readonly (readonly [name: string, text: string | null])[] = [
  ['query', `query ${LEAVES} by the return there (lost-turns.cjs:${lineOf('@return')})`],
  ['book', `book ${LEAVES} by the throw there (lost-turns.cjs:${lineOf('@throw')})`],
  ['tokens', `refresh ${LEAVES} by the return there (lost-turns.cjs:${lineOf('@passed')})`],
  ['lent', null],
  ['behind', null],
  ['consume', null],
]

async function wrongOf(target: AwaitTarget): Promise<string[]> {
  const { stdout } = await runCli(['dump', String(target.pid), '--json'])
  const { verdicts } = JSON.parse(stdout) as { readonly verdicts: readonly Verdict[] }
  return EXPECTED.flatMap(([name, text]) => {
    const said = verdicts.find(
      ({ where, summary }) => where?.function === name || summary.includes(`the lock ${name} (`),
    )
    const right = said !== undefined && (text === null ? !said.summary.includes(LEAVES) : said.summary.includes(text))
    return right ? [] : [`${name}: ${said?.summary ?? 'no verdict'}`]
  })
}

describe.each(NODES)('a lock whose holder left, on Node $major', (node) => {
  it('is told with the place where it can leave, and one that is held or a queue is not', async () => {
    const target = await startProgram(node, FILE)
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
