/** `awaiting/stream`: a stream that brings no data, or one that is written to and whose consumer takes nothing. */
import type { WaitsFor } from '../../model/await.js'
import type { Confidence } from '../../model/verdict.js'
import type { StreamHold, UnreadStream } from '../../model/wait.js'
import { requestText } from './awaiting-http-response.js'
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import {
  capByAge,
  capByLooks,
  isStdin,
  isUnended,
  leafCandidate,
  leavesOf,
  loopIsAlive,
  type Leaf,
} from '../view/leaf.js'
import { plural } from '../view/phrases.js'
import type { View } from '../view/view.js'

export function awaitingStream(view: View): readonly Candidate[] {
  if (!loopIsAlive(view)) return []
  return leavesOf(view)
    .filter((leaf) => leaf.cause === 'stream')
    .map((leaf) =>
      leaf.unreadBytes > 0 || leaf.waits.unread !== undefined
        ? notRead(view, leaf)
        : leaf.waits.hold !== undefined
          ? heldUp(view, leaf, leaf.waits.hold)
          : isUnended(leaf.waits)
            ? notEnded(view, leaf)
            : isStdin(leaf.waits)
              ? fromStdin(view, leaf)
              : leafCandidate(view, leaf, {
                  cause: 'stream',
                  waitsFor: streamText(leaf),
                  signs: signsOf(leaf),
                  cap: capByAge(view, leaf),
                  weight: 24,
                  ...ADVICE[directionOf(leaf)],
                }),
    )
}

/** The peer has answered; what it sent lies in this process's own socket. */
function notRead(view: View, leaf: Leaf): Candidate {
  const { waits, unreadBytes } = leaf
  const { unread } = waits
  const from = waits.peer === undefined ? '' : ` from ${waits.peer}`
  const stream =
    unread === undefined
      ? ''
      : `; ${readerText(unread)} takes none${unread.buffered === null || unread.buffered === 0 ? '' : ` (${plural(unread.buffered, unread.objects === true ? 'object' : 'byte')} in it, not read)`}`
  return leafCandidate(view, leaf, {
    cause: 'stream',
    waitsFor: `data that this process does not read${unreadBytes === 0 ? '' : `: ${plural(unreadBytes, 'byte')}${from} ${unreadBytes === 1 ? 'lies' : 'lie'} in its own socket`}${stream}`,
    signs: [
      ...(unreadBytes === 0
        ? []
        : [strong(`${plural(unreadBytes, 'byte')} lie unread in its socket in every look, while the loop is idle`)]),
      ...(unread === undefined
        ? []
        : [
            unread.others === undefined
              ? strong(`${unread.stream} has no reader, and holds back what feeds it`)
              : strong(
                  `${plural(unread.others, 'answer')} of the same session lie unread, and may take the places that the server allows`,
                ),
          ]),
    ],
    // Who paused it may be at work on what it took, and go on with it.
    cap:
      unread?.paused === true
        ? lower(capByAge(view, leaf))
        : unread?.others === undefined
          ? capByLooks(view, leaf)
          : lower(capByLooks(view, leaf)),
    needsNoCpu: unread !== undefined && unread.others === undefined,
    weight: 42,
    refutedBy: 'A receive queue that shrinks between two looks.',
    nextStep:
      'Read or destroy every stream that takes from this connection: a cloned or unused response body, a file or part that nobody reads, a consumer that was paused.',
  })
}

/** A question to whoever sits at the terminal, or lines that another program is to write. */
function fromStdin(view: View, leaf: Leaf): Candidate {
  return leafCandidate(view, leaf, {
    cause: 'stream',
    waitsFor: 'input on its own stdin (fd 0)',
    signs: [strong('what it waits for is read from stdin')],
    cap: view.silent ? 'medium' : 'low',
    weight: 24,
    refutedBy: 'Input that comes; or that silence is normal there.',
    nextStep:
      'See who has the other end of stdin, and whether anybody is there to answer. Ask only where stdin is a terminal (process.stdin.isTTY), or give the answer on the command line.',
  })
}

function readerText({ stream, others }: UnreadStream): string {
  return others === undefined ? stream : `${stream}, in ${plural(others, 'other answer')} of its HTTP/2 session,`
}

/** The peer has got all that was written so far, and waits for the rest of the request. */
function notEnded(view: View, leaf: Leaf): Candidate {
  return leafCandidate(view, leaf, {
    cause: 'stream',
    waitsFor: `the answer to ${requestText(leaf)}, a request whose body this process has not written to its end`,
    signs: [strong('the request was begun and not ended'), weak('its connection has taken all that was written')],
    // Who talks in both directions over one stream of HTTP/2 leaves its request open on purpose.
    cap: leaf.waits.kind === 'http2-stream' ? lower(capByAge(view, leaf)) : capByAge(view, leaf),
    weight: 31,
    refutedBy: 'More of the body being written between two looks.',
    nextStep:
      'End the request: call end() on it, or find out what should write the rest of its body, and end that stream.',
  })
}

const HOLDS: Readonly<
  Record<
    StreamHold,
    { readonly what: string; readonly sign: string; readonly refutedBy: string; readonly nextStep: string }
  >
> = {
  write: {
    what: 'which has begun a write and has not called it back: it takes no more, and never finishes',
    sign: 'a write of it is under way, and nothing outside of this process will end that',
    refutedBy: 'Its write being called back in a later look.',
    nextStep:
      'In its write or transform function (or whatever takes its entries), call the callback on every path: after an early return, in a catch, when there is nothing to pass on. A parser that hands out parts or entries goes on when each of them is read (resume()).',
  },
  final: {
    what: 'whose last step before its end has not called back',
    sign: 'it was ended, and its final or flush function has not called its callback',
    refutedBy: 'Its end coming in a later look.',
    nextStep: 'In its final or flush function, call the callback on every path.',
  },
  unended: {
    what: 'to be ended: all that was written is through, and nobody has called end()',
    sign: 'it is open for writing, with nothing left in it to write',
    refutedBy: 'More being written to it, or its end, in a later look.',
    nextStep:
      'End it: call end() on it, or find out what should. A source that failed or was destroyed ends nothing that it is piped into; pipeline() of node:stream/promises passes errors on.',
  },
}

function lower(confidence: Confidence): Confidence {
  return confidence === 'high' ? 'medium' : confidence
}

/** Only streams of this process lead to it, and their states tell which of them does not go on. */
function heldUp(view: View, leaf: Leaf, hold: StreamHold): Candidate {
  const { waits } = leaf
  const { what, sign, refutedBy, nextStep } = HOLDS[hold]
  const seen = waits.failedSource !== undefined || waits.isBody === true
  // Who has the stream in a variable may still write to it.
  const maybeLater = hold === 'unended' && waits.heldThrough !== undefined
  const proved = waits.doubt === undefined && !maybeLater
  const owner = `${waits.owner ?? waits.label ?? 'a stream'}${waits.path === undefined ? '' : ` (${waits.path})`}`
  const body =
    waits.isBody === true ? `, the body of what is being sent on the connection to ${waits.peer ?? 'a peer'},` : ''
  const failed =
    waits.failedSource === undefined
      ? ''
      : `; ${waits.failedSource}, which is piped into it, was destroyed before its end`
  const signs: Sign[] = [strong(sign)]
  if (waits.failedSource !== undefined)
    signs.push(strong(`${waits.failedSource} is still piped into it, and is destroyed`))
  else if (waits.isBody === true) signs.push(strong('it is piped into the connection'))
  else if (proved) signs.push(strong('nothing else leads to its resolver'))
  else signs.push(weak(waits.doubt ?? 'a variable of the program leads to it: more may be written'))
  return leafCandidate(view, leaf, {
    cause: 'stream',
    waitsFor: `${owner}${body}${hold === 'unended' ? ' ' : ', '}${what}${failed}`,
    signs,
    // A producer may just be slow: of a body that is open, only its age or a clock tells.
    cap: waits.isBody === true ? capByAge(view, leaf) : proved || seen ? capByLooks(view, leaf) : capByAge(view, leaf),
    needsNoCpu: proved && waits.isBody !== true,
    weight: 43,
    refutedBy,
    nextStep,
  })
}

type Direction = 'reads' | 'writes' | 'either'

const ADVICE: Readonly<Record<Direction, { readonly refutedBy: string; readonly nextStep: string }>> = {
  reads: {
    refutedBy: 'Data on the stream between two looks; or that silence is normal for this stream.',
    nextStep:
      'Find out what should write into this stream and whether it still does; end or destroy the stream when nothing comes.',
  },
  writes: {
    refutedBy: 'A write that completes between two looks; or that so slow a consumer is normal for this stream.',
    nextStep:
      'Find out what should read from this stream: a reader that has stopped, or a write that never calls its callback; destroy the stream when nothing is read.',
  },
  either: {
    refutedBy: 'The event between two looks; or that it is not due yet.',
    nextStep: 'Find out what should end or close it and whether that still happens; destroy it when nothing comes.',
  },
}

const WRITER = /Writ|Sink/

/** `drain` and `finish` are events of what is written to; `close` belongs to both sides, to servers and threads. */
function directionOf({ waits }: Leaf): Direction {
  if (waits.event === 'drain' || waits.event === 'finish' || isWrite(waits)) return 'writes'
  if (waits.event !== 'close') return 'reads'
  return WRITER.test(waits.owner ?? '') ? 'writes' : 'either'
}

/** The callback of a write is kept in the state of the side that is written to. */
function isWrite({ event, parts = [] }: WaitsFor): boolean {
  return event === undefined && parts.some(({ slot }) => slot === '._writableState')
}

function streamText(leaf: Leaf): string {
  const { waits } = leaf
  const from = waits.peer ?? waits.path
  const what = `${waits.owner ?? (waits.kind === 'socket' ? 'its connection' : 'a stream')}${from === undefined ? '' : ` (${from})`}`
  const unsent = waits.sendQueueBytes ?? 0
  const held =
    waits.event === 'drain' && unsent > 0 ? `: ${plural(unsent, 'byte')} lie there that the peer does not take` : ''
  if (isWrite(waits)) return `${what} to call a write back`
  return directionOf(leaf) === 'reads' ? `data from ${what}` : `${what} to ${waits.event}${held}`
}

function signsOf({ waits }: Leaf): Sign[] {
  if (isWrite(waits)) return [strong('the stream keeps the callback of its write')]
  return [strong(waits.event === undefined ? 'it reads from a stream' : `it waits for the event ${waits.event}`)]
}
