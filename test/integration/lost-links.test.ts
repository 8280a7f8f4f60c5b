/** Replies that can't come any more, replies of a child, lists of those who are told, streams that nobody reads. */
import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../src/model/verdict.js'
import { programFile } from '../support/await-oracle.js'
import { startProgram, type AwaitTarget } from '../support/await-target.js'
import { runCli } from '../support/cli.js'
import { NODES, PROGRAMS } from '../support/nodes.js'

interface Dumped {
  readonly verdicts: readonly Verdict[]
}

/** What must be said of each function. */
type Expected = readonly (readonly [name: string, cause: string, text: RegExp])[]

const LINKS: Expected = [
  ['findUser', 'child-message', /a reply, kept in Engine\.asked, of child process \d+ .*exited with code 3/],
  ['findOrder', 'child-message', /child process \d+/],
  ['runScript', 'child-message', /something that it started still holds its output open/],
  ['renderPage', 'not-connected', /an answer that Session\.callbacks is to get: its client has no connection/],
  ['readTitle', 'socket-reply', /a reply on the connection to 127\.0\.0\.1:\d+/],
  ['resizeImage', 'never-settles', /event message of Worker, which is over \(its thread has ended\)/],
  ['readMeter', 'not-connected', /the listeners for reply of Meter .*its client has no connection/],
  ['readClock', 'socket-reply', /a reply on the connection to 127\.0\.0\.1:\d+/],
]

const STREAMS: Expected = [
  ['addJob', 'lock', /Jobs\.todo.*which is paused/],
  ['firstReply', 'unknown', /what those in Subject\.observers are told/],
  ['passGate', 'lock', /Gate\.waiters.*was (?:not|never)/],
  ['exportRows', 'stream', /data that this process does not read; Rows takes none \(\d+ objects in it, not read\)/],
  ['countRows', 'stream', /data that this process does not read; Rows takes none/],
  ['noRows', 'stream', /data from Rows/],
]

async function dumpOf(target: AwaitTarget): Promise<Dumped> {
  const { stdout } = await runCli(['dump', String(target.pid), '--json'])
  return JSON.parse(stdout) as Dumped
}

function wrongIn({ verdicts }: Dumped, expected: Expected): string[] {
  const wrong = expected.flatMap(([name, cause, text]) => {
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
  it.each([
    ['links', LINKS],
    ['streams', STREAMS],
  ])('is told apart from what is only late: %s', async (group, expected) => {
    const target = await startProgram(node, programFile(PROGRAMS, 'lost-links.cjs'), [group])
    try {
      let wrong = wrongIn(await dumpOf(target), expected)
      // A look that a garbage collection overtakes reads less.
      for (let look = 1; look < 4 && wrong.length > 0; look++) wrong = wrongIn(await dumpOf(target), expected)
      expect(wrong).toEqual([])
    } finally {
      await target.end()
    }
  })
})
