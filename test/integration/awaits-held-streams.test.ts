/** Waits that this process itself holds up, by a stream or a client of its own, beside those that only look like it. */
import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../src/model/verdict.js'
import { programFile } from '../support/await-oracle.js'
import { startProgram, type AwaitTarget } from '../support/await-target.js'
import { runCli } from '../support/cli.js'
import { NODES, PROGRAMS } from '../support/nodes.js'

/** What must be said of each function. */
type Expected = readonly (readonly [name: string, cause: string, text: RegExp])[]

const STREAMS: Expected = [
  ['transformHeld', 'stream', /waits for Rows, which has begun a write and has not called it back/],
  ['finalHeld', 'stream', /waits for Last, whose last step before its end has not called back/],
  ['zipUnread', 'stream', /Gzip takes none \(\d+ bytes in it, not read\)/],
  ['webUnread', 'stream', /TransformStream takes none|WritableStream takes none/],
  ['sourceFailed', 'stream', /nobody has called end\(\); PassThrough, which is piped into it, was destroyed/],
  // A timer calls it back.
  ['slowAfterEnd', 'stream', /waits for (?:Slow|pipeline) to finish/],
  ['slowWriter', 'stream', /waits for Slow to (?:finish|close)/],
]

const CLIENTS: Expected = [
  ['bodyOpen', 'stream', /waits for PassThrough, the body of what is being sent on the connection to 127\.0\.0\.1/],
  ['bodyEnded', 'socket-reply', /a reply on the connection to 127\.0\.0\.1/],
  ['codecOpen', 'socket-reply', /a reply on the connection to 127\.0\.0\.1/],
  ['deferredReply', 'socket-reply', /a reply on the connection to .* \(Pings\.pongs\)/],
  ['openUpload', 'stream', /a request whose body this process has not written to its end/],
  ['endedUpload', 'http-response', /waits for the answer to POST/],
  ['headsOnly', 'stream', /ClientHttp2Stream, in 3 other answers of its HTTP\/2 session, takes none/],
  ['callOnClosed', 'never-settles', /the event message of WebSocket, which is closed/],
  ['callOnOpen', 'unknown', /waits for/],
  ['ackOffline', 'not-connected', /an answer that Acks\.acks is to get: its client has no connection/],
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
  ['held-streams.cjs', STREAMS],
  ['held-clients.cjs', CLIENTS],
] as const

describe.each(NODES)('what this process holds up itself, on Node $major', (node) => {
  it.each(PROGRAM_FILES)(
    'is told by the stream or client that does not go on, and a silent peer is not: %s',
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
