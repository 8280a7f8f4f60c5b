/** Waits that this process itself holds up, by a stream or a client of its own, beside those that only look like it. */
import { describe, it } from 'vitest'
import { NODES } from '../support/nodes.js'
import { expectTold, type Expected } from '../support/told-of-functions.js'

const STREAMS: Expected = [
  ['transformHeld', 'stream', /waits for Rows, which has begun a write and has not called it back/],
  ['finalHeld', 'stream', /waits for Last, whose last step before its end has not called back/],
  ['zipUnread', 'stream', /Gzip takes none \(\d+ bytes in it, not read\)/],
  ['webUnread', 'stream', /TransformStream takes none|WritableStream takes none/],
  ['sourceFailed', 'stream', /nobody has called end\(\); PassThrough, which is piped into it, was destroyed/],
  // A timer calls it back.
  ['slowAfterEnd', 'stream', /waits for (?:Slow|pipeline) to finish/],
  ['slowWriter', 'stream', /waits for Slow to finish/],
]

const LISTENED: Expected = [
  ['toFinish', 'stream', /waits for Slow to finish/],
  ['toClose', 'stream', /waits for Held to close/],
  ['toEnd', 'stream', /waits for data from Readable/],
  ['toEndOnly', 'stream', /waits for data from Duplex/],
  ['toOwnClose', 'stream', /waits for Slow to close/],
  ['toOwnFinish', 'stream', /waits for Slow to finish/],
]

const MISSED: Expected = [
  ['drainedBefore', 'never-settles', /the event drain of Writable, which is empty: it has drained already/],
  ['drainDue', 'stream', /waits for Slow to drain/],
  ['endUnread', 'stream', /data that this process does not read; Readable takes none/],
  ['endRead', 'stream', /waits for data from Readable/],
  ['sourceGone', 'stream', /nobody has called end\(\); PassThrough, which is piped into it, was destroyed/],
  ['sourceOpen', 'stream', /waits for PassThrough to be ended: all that was written is through/],
  ['finishDue', 'stream', /waits for Slow to finish/],
  ['webRead', 'stream', /waits for data from ReadableStream/],
  ['writeCorked', 'stream', /waits for Writable to call a write back/],
  ['throughGate', 'unknown', /waits for event open of EventEmitter/],
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

const PROGRAM_FILES = [
  ['held-streams.cjs', STREAMS],
  ['held-clients.cjs', CLIENTS],
  ['listened-events.cjs', LISTENED],
  ['missed-streams.cjs', MISSED],
] as const

describe.each(NODES)('what this process holds up itself, on Node $major', (node) => {
  it.each(PROGRAM_FILES)(
    'is told by the stream or client that does not go on, and a silent peer is not: %s',
    async (file, expected) => await expectTold(node, file, expected),
  )
})
