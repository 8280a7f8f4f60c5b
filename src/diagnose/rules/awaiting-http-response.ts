/** `awaiting/http-response`: the request was sent and acknowledged, and nothing came back. */
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import { capByAge, leafCandidate, leavesOf, loopIsAlive, type Leaf } from '../view/leaf.js'
import type { View } from '../view/view.js'

export function awaitingHttpResponse(view: View): readonly Candidate[] {
  if (!loopIsAlive(view)) return []
  return leavesOf(view)
    .filter((leaf) => leaf.cause === 'http-response')
    .map((leaf) =>
      leafCandidate(view, leaf, {
        cause: 'http-response',
        waitsFor: `the answer to ${requestText(leaf)}`,
        signs: signsOf(leaf),
        cap: capByAge(view, leaf),
        weight: 30,
        refutedBy: 'Data received on this connection between two looks.',
        nextStep: `Look at what ${leaf.waits.peer ?? 'the server'} does with this request, and give it a time-out (AbortSignal.timeout).`,
      }),
    )
}

/** `GET http://10.0.0.5/tasks/42 from 10.0.0.5:8080`, with as much as is known. */
export function requestText({ waits }: Leaf): string {
  const what = waits.url === undefined ? 'an HTTP request' : `${waits.method ?? ''} ${waits.url}`.trim()
  return waits.peer === undefined ? what : `${what} from ${waits.peer}`
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
