/** Waits whose end is this process's own affair, beside those that look alike and wait for somebody else. */
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
  ['sendReport', 'stream', /whose body this process has not written to its end/],
  ['sendAll', 'http-response', /POST http:\/\/127\.0\.0\.1:\d+\/silent-whole/],
  ['postOrder', 'stream', /whose body this process has not written to its end/],
  ['postWhole', 'http-response', /POST http:\/\/127\.0\.0\.1:\d+\/silent-order/],
  ['pushMetrics', 'stream', /to drain: \d+ bytes lie there that the peer does not take/],
  ['askPrice', 'socket-reply', /a reply on the connection to 127\.0\.0\.1:\d+/],
  ['nextUpload', 'unknown', /event change of a watched file or folder/],
  ['upgraded', 'never-settles', /the event upgrade of ClientRequest, which is closed/],
  // Its listeners on a closed request lead on to an emitter that tries again.
  ['tryAgain', 'unknown', /waits for/],
  ['takeJob', 'socket-reply', /a reply on the connection to/],
  ['markSeen', 'socket-reply', /its turn behind 1 other in Store\.waitingForReply/],
]

async function dumpOf(target: AwaitTarget): Promise<Dumped> {
  const { stdout } = await runCli(['dump', String(target.pid), '--json'])
  return JSON.parse(stdout) as Dumped
}

function wrongIn({ verdicts }: Dumped): string[] {
  return EXPECTED.flatMap(([name, cause, text]) => {
    const said = verdicts.find((each) => each.where?.function === name)
    const right = said?.cause === cause && text.test(said.summary)
    return right ? [] : [`${name}: ${said?.cause ?? 'no verdict'} ${said?.summary ?? ''}`]
  })
}

describe.each(NODES)('what this process itself has to do, on Node $major', (node) => {
  let target: AwaitTarget

  beforeAll(async () => {
    target = await startProgram(node, programFile(PROGRAMS, 'own-side.cjs'))
  })

  afterAll(async () => {
    await target.end()
  })

  it('is not laid at the door of a peer or of an object that is closed', async () => {
    let wrong = wrongIn(await dumpOf(target))
    // A look that a garbage collection overtakes reads less.
    for (let look = 1; look < 4 && wrong.length > 0; look++) wrong = wrongIn(await dumpOf(target))
    expect(wrong).toEqual([])
  })
})
