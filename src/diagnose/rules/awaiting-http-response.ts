/** `awaiting/http-response`: the request was sent and acknowledged, and nothing came back. */
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import { capBySilence, isPollInFlight, leafCandidate, leavesOf, loopIsAlive, type Leaf } from '../view/leaf.js'
import { isFirstRequest, neverText, nothingEverCame, SEE_HANDSHAKE } from '../view/never-answered.js'
import { isOwnServer } from '../view/own-server.js'
import type { View } from '../view/view.js'

const CONDUCTOR_POLL = /\/tasks\/poll\//

export function awaitingHttpResponse(view: View): readonly Candidate[] {
  if (!loopIsAlive(view)) return []
  return leavesOf(view)
    .filter((leaf) => leaf.cause === 'http-response')
    .map((leaf) => ofThisTry(view, leaf))
    .map((leaf) => ({
      ...leafCandidate(view, leaf, {
        cause: 'http-response',
        waitsFor: `${answerOf(leaf)} to ${requestText(leaf)}${isOwnServer(view, leaf) ? ', which this process serves itself' : neverText(leaf)}`,
        signs: signsOf(leaf),
        ...capBySilence(view, leaf),
        weight: 30,
        refutedBy: 'Data received on this connection between two looks.',
        nextStep: isOwnServer(view, leaf) ? OWN_SERVER : isOneOfMany(view, leaf) ? TRIED_AGAIN : nextOf(leaf),
      }),
      ...connectionOf(view, leaf),
    }))
}

/** One call in a row of an instrumented function's that failed: what stands in the same place is another request each time. */
function isOneOfMany({ clock }: View, leaf: Leaf): boolean {
  if (clock === null || clock.kind !== 'custom' || clock.inFlightMs === null || clock.failuresInRow < 2) return false
  return leaf.ageMs === null || leaf.ageMs >= clock.inFlightMs
}

/** It is no older than the call. */
function ofThisTry(view: View, leaf: Leaf): Leaf {
  return isOneOfMany(view, leaf) ? { ...leaf, ageMs: view.clock?.inFlightMs ?? leaf.ageMs } : leaf
}

const TRIED_AGAIN =
  'It fails and is tried again: see whether the server answers anybody else. If it does, the kept connection is what is dead: restart the worker, and do without HTTP/2 or keep-alive on it.'

function answerOf({ waits }: Leaf): string {
  if (waits.answered === true) return 'the rest of the answer'
  return waits.expects === 'continue' ? '100 Continue, before which its body is not sent, as the answer' : 'the answer'
}

const OWN_SERVER =
  'Find the handler of that request in this process: it never ends its response (a callback that is not called, an error that is dropped), or waits for what waits for it.'

/** Of a poll alone, whose connection can be closed without the loss of anything but this poll. */
function connectionOf(view: View, leaf: Leaf): Pick<Candidate, 'connection'> {
  const { local, peer } = leaf.waits
  if (local === undefined || peer === undefined || !isPollInFlight(view, leaf)) return {}
  return { connection: { local, peer } }
}

/** `GET http://10.0.0.5/tasks/42 from 10.0.0.5:8080`, with as much as is known. */
export function requestText({ waits }: Leaf): string {
  const what = waits.url === undefined ? 'an HTTP request' : `${waits.method ?? ''} ${waits.url}`.trim()
  return waits.peer === undefined ? what : `${what} from ${waits.peer}`
}

function nextOf(leaf: Leaf): string {
  const { waits } = leaf
  if (waits.expects === 'continue')
    return `See whether ${waits.peer ?? 'the server'} (or a proxy before it) answers Expect: 100-continue at all. Send the body after a second without that answer, or leave the header out. If it did answer, end the request.`
  if (isFirstRequest(leaf))
    return `Look at what ${waits.peer ?? 'the server'} does with this request (or whether an HTTP server is what listens there), and give it a time-out (AbortSignal.timeout).`
  if (nothingEverCame(leaf)) return SEE_HANDSHAKE
  if (waits.answered === true)
    return 'The answer has begun: see whether its body is read here, and whether the server stopped in the middle of it.'
  if (waits.sent === false && waits.fd === undefined)
    return 'The request has no connection yet: see what its agent or session waits for (a socket, a proxy, a handshake).'
  // Conductor's own poll: its SDK has a setting for that from 3.0 on.
  if (waits.url !== undefined && CONDUCTOR_POLL.test(waits.url)) {
    return `Look at what ${waits.peer ?? 'the server'} does with this poll, and see that CONDUCTOR_REQUEST_TIMEOUT_MS is not 0 (SDK 3 and later; earlier ones have no time-out of their own).`
  }
  return `Look at what ${waits.peer ?? 'the server'} does with this request, and give it a time-out (AbortSignal.timeout).`
}

function signsOf(leaf: Leaf): Sign[] {
  const signs: Sign[] = [strong('it waits for a response that belongs to a request')]
  const { waits } = leaf
  if (waits.state === 'ESTABLISHED' && waits.unacknowledged === false && waits.sendQueueBytes === 0) {
    signs.push(weak('all that was sent is acknowledged'))
  }
  if (waits.receiveQueueBytes === 0) signs.push(weak('nothing is there to be read'))
  if (waits.sent === true) signs.push(weak('the request was sent'))
  return signs
}
