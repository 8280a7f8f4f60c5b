/** Waits for an event that can never come, because its emitter is over, beside those that may still come. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Verdict } from '../../src/model/verdict.js'
import { programFile } from '../support/await-oracle.js'
import { startProgram, type AwaitTarget } from '../support/await-target.js'
import { runCli } from '../support/cli.js'
import { NODES, PROGRAMS } from '../support/nodes.js'

/** What must be said of each function. */
const EXPECTED: readonly (readonly [name: string, cause: string, text: RegExp])[] = [
  ['linesOfNone', 'never-settles', /the event line of Interface, which is without input/],
  ['linesOfGone', 'never-settles', /the event line of Interface, which is without input/],
  ['linesOfClosed', 'never-settles', /the event line of Interface, which is closed/],
  ['linesOfOpen', 'stream', /data from Interface/],
  ['answerOfOpen', 'stream', /data from Interface/],
  ['answerOfClosed', 'never-settles', /the event line of Interface, which is closed/],
  ['itemsOfClosed', 'never-settles', /the event item of Feed, which is closed/],
  ['itemsOfOpen', 'unknown', /event item of Feed/],
  ['dataOfEnded', 'never-settles', /the event data of Readable, which is closed/],
  ['oneOfClosed', 'never-settles', /the event item of Feed, which is closed/],
  // Its resolver is held by another object too.
  ['orByHand', 'unknown', /waits for something that was not found/],
]

async function wrongOf(target: AwaitTarget): Promise<string[]> {
  const { stdout } = await runCli(['dump', String(target.pid), '--json'])
  const { verdicts } = JSON.parse(stdout) as { readonly verdicts: readonly Verdict[] }
  return EXPECTED.flatMap(([name, cause, text]) => {
    const said = verdicts.find((each) => each.where?.function === name)
    const right = said?.cause === cause && text.test(said.summary)
    return right ? [] : [`${name}: ${said?.cause ?? 'no verdict'} ${said?.summary ?? ''}`]
  })
}

describe.each(NODES)('an emitter that is over, on Node $major', (node) => {
  let target: AwaitTarget

  beforeAll(async () => {
    target = await startProgram(node, programFile(PROGRAMS, 'over.cjs'))
  })

  afterAll(async () => {
    await target.end()
  })

  it('is told as what can never emit the event, and one that is open is not', async () => {
    let wrong = await wrongOf(target)
    // A look that a garbage collection overtakes reads less.
    for (let look = 1; look < 4 && wrong.length > 0; look++) wrong = await wrongOf(target)
    expect(wrong).toEqual([])
  })
})
