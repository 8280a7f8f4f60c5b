/** Replies that can't come any more, replies of a child, lists of those who are told, streams that nobody reads. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Verdict } from '../../src/model/verdict.js'
import { programFile } from '../support/await-oracle.js'
import { startProgram, type AwaitTarget } from '../support/await-target.js'
import { runCli } from '../support/cli.js'
import { NODES, PROGRAMS } from '../support/nodes.js'

interface Dumped {
  readonly verdicts: readonly Verdict[]
}

/** What must be said of each function. */
const EXPECTED: readonly (readonly [name: string, cause: string, text: RegExp])[] = [
  ['findUser', 'child-message', /a reply, kept in Engine\.asked, of child process \d+ .*exited with code 3/],
  ['findOrder', 'child-message', /child process \d+/],
  ['runScript', 'child-message', /something that it started still holds its output open/],
  ['renderPage', 'not-connected', /an answer that Session\.callbacks is to get: its client has no connection/],
  ['readTitle', 'socket-reply', /a reply on the connection to 127\.0\.0\.1:\d+/],
  ['firstReply', 'unknown', /what those in Subject\.observers are told/],
  ['passGate', 'lock', /Gate\.waiters/],
  ['exportRows', 'stream', /data that this process does not read; Rows takes none \(\d+ objects in it, not read\)/],
  ['countRows', 'stream', /data that this process does not read; Rows takes none/],
  ['noRows', 'stream', /data from Rows/],
]

async function dumpOf(target: AwaitTarget): Promise<Dumped> {
  const { stdout } = await runCli(['dump', String(target.pid), '--json'])
  return JSON.parse(stdout) as Dumped
}

function wrongIn({ verdicts }: Dumped): string[] {
  const wrong = EXPECTED.flatMap(([name, cause, text]) => {
    const said = verdicts.find((each) => each.where?.function === name)
    const right = said?.cause === cause && text.test(said.summary)
    return right ? [] : [`${name}: ${said?.cause ?? 'no verdict'} ${said?.summary ?? ''}`]
  })
  // Somebody takes its rows, if slowly.
  const taken = verdicts.find((each) => each.where?.function === 'afterStored')
  if (taken !== undefined && /does not read/.test(taken.summary)) wrong.push(taken.summary)
  const paused = verdicts.find((each) => each.where?.function === 'storeEach')
  if (paused !== undefined && paused.confidence !== 'low') wrong.push(`${paused.confidence}: ${paused.summary}`)
  return wrong
}

describe.each(NODES)('what can come no more, on Node $major', (node) => {
  let target: AwaitTarget

  beforeAll(async () => {
    target = await startProgram(node, programFile(PROGRAMS, 'lost-links.cjs'))
  })

  afterAll(async () => {
    await target.end()
  })

  it('is told apart from what is only late', async () => {
    let wrong = wrongIn(await dumpOf(target))
    // A look that a garbage collection overtakes reads less.
    for (let look = 1; look < 4 && wrong.length > 0; look++) wrong = wrongIn(await dumpOf(target))
    expect(wrong).toEqual([])
  })
})
