/** `awaiting/stream`: a stream that brings no data, or one that is written to and whose consumer takes nothing. */
import { requestText } from './awaiting-http-response.js'
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import { capByAge, capByLooks, isUnended, leafCandidate, leavesOf, loopIsAlive, type Leaf } from '../view/leaf.js'
import { plural } from '../view/phrases.js'
import type { View } from '../view/view.js'

export function awaitingStream(view: View): readonly Candidate[] {
  if (!loopIsAlive(view)) return []
  return leavesOf(view)
    .filter((leaf) => leaf.cause === 'stream')
    .map((leaf) =>
      leaf.unreadBytes > 0 || leaf.waits.unread !== undefined
        ? notRead(view, leaf)
        : isUnended(leaf.waits)
          ? notEnded(view, leaf)
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
      : `; ${unread.stream} takes none${unread.buffered === null || unread.buffered === 0 ? '' : ` (${plural(unread.buffered, 'byte')} in it, not read)`}`
  return leafCandidate(view, leaf, {
    cause: 'stream',
    waitsFor: `data that this process does not read${unreadBytes === 0 ? '' : `: ${plural(unreadBytes, 'byte')}${from} ${unreadBytes === 1 ? 'lies' : 'lie'} in its own socket`}${stream}`,
    signs: [
      ...(unreadBytes === 0
        ? []
        : [strong(`${plural(unreadBytes, 'byte')} lie unread in its socket in every look, while the loop is idle`)]),
      ...(unread === undefined ? [] : [strong(`${unread.stream} has no reader, and holds back what feeds it`)]),
    ],
    cap: capByLooks(view, leaf),
    needsNoCpu: unread !== undefined,
    weight: 42,
    refutedBy: 'A receive queue that shrinks between two looks.',
    nextStep:
      'Read or destroy every stream that takes from this connection: a cloned or unused response body, a file or part that nobody reads, a consumer that was paused.',
  })
}

/** The peer has got all that was written so far, and waits for the rest of the request. */
function notEnded(view: View, leaf: Leaf): Candidate {
  return leafCandidate(view, leaf, {
    cause: 'stream',
    waitsFor: `the answer to ${requestText(leaf)}, a request whose body this process has not written to its end`,
    signs: [strong('the request was begun and not ended'), weak('its connection has taken all that was written')],
    cap: capByAge(view, leaf),
    weight: 31,
    refutedBy: 'More of the body being written between two looks.',
    nextStep:
      'End the request: call end() on it, or find out what should write the rest of its body, and end that stream.',
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
  if (waits.event === 'drain' || waits.event === 'finish') return 'writes'
  if (waits.event !== 'close') return 'reads'
  return WRITER.test(waits.owner ?? '') ? 'writes' : 'either'
}

function streamText(leaf: Leaf): string {
  const { waits } = leaf
  const from = waits.peer ?? waits.path
  const what = `${waits.owner ?? (waits.kind === 'socket' ? 'its connection' : 'a stream')}${from === undefined ? '' : ` (${from})`}`
  const unsent = waits.sendQueueBytes ?? 0
  const held =
    waits.event === 'drain' && unsent > 0 ? `: ${plural(unsent, 'byte')} lie there that the peer does not take` : ''
  return directionOf(leaf) === 'reads' ? `data from ${what}` : `${what} to ${waits.event}${held}`
}

function signsOf({ waits }: Leaf): Sign[] {
  return [strong(waits.event === undefined ? 'it reads from a stream' : `it waits for the event ${waits.event}`)]
}
