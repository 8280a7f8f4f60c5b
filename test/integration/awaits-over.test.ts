/** Waits for an event that can never come, because its emitter is over, beside those that may still come. */
import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../src/model/verdict.js'
import { programFile } from '../support/await-oracle.js'
import { startProgram, type AwaitTarget } from '../support/await-target.js'
import { runCli } from '../support/cli.js'
import { NODES, PROGRAMS } from '../support/nodes.js'

/** What must be said of each function. */
type Expected = readonly (readonly [name: string, cause: string, text: RegExp])[]

const EMITTERS: Expected = [
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

const PORTS: Expected = [
  ['answerOfClosedPort', 'never-settles', /the event message of MessagePort, which is closed/],
  ['handlerOfClosedPort', 'never-settles', /the event message of MessagePort, which is closed/],
  ['answerOfOpenPort', 'thread-message', /a message from worker thread/],
  ['priceOfClosed', 'never-settles', /the event message of BroadcastChannel, which is closed/],
  ['priceOfOpen', 'thread-message', /a message from worker thread/],
  ['answerOfEnded', 'never-settles', /the event message of Worker, which is over \(its thread has ended\)/],
  ['answerOfAlive', 'thread-message', /a message from worker thread/],
]

async function wrongOf(target: AwaitTarget, expected: Expected): Promise<string[]> {
  const { stdout } = await runCli(['dump', String(target.pid), '--json'])
  const { verdicts } = JSON.parse(stdout) as { readonly verdicts: readonly Verdict[] }
  return expected.flatMap(([name, cause, text]) => {
    const said = verdicts.find((each) => each.where?.function === name)
    const right = said?.cause === cause && text.test(said.summary)
    return right ? [] : [`${name}: ${said?.cause ?? 'no verdict'} ${said?.summary ?? ''}`]
  })
}

const PROGRAM_FILES = [
  ['over.cjs', EMITTERS],
  ['over-ports.cjs', PORTS],
] as const

describe.each(NODES)('what is over, on Node $major', (node) => {
  it.each(PROGRAM_FILES)(
    'is told as what can never emit the event, and what is open is not: %s',
    async (file, expected) => {
      const target = await startProgram(node, programFile(PROGRAMS, file))
      try {
        let wrong = await wrongOf(target, expected)
        // A look that a garbage collection overtakes reads less.
        for (let look = 1; look < 4 && wrong.length > 0; look++) wrong = await wrongOf(target, expected)
        expect(wrong).toEqual([])
      } finally {
        await target.end()
      }
    },
  )
})
