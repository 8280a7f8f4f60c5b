/** `awaiting/not-connected`: a command is kept until its client is connected, and the client says that it is not. */
import { strong, type Candidate } from '../view/candidate.js'
import { capByLooks, leafCandidate, leavesOf, loopIsAlive, type Leaf } from '../view/leaf.js'
import { pastOwnTimeOut, type PastOwnTimeOut } from '../view/own-time-out.js'
import type { View } from '../view/view.js'

export function awaitingNotConnected(view: View): readonly Candidate[] {
  if (!loopIsAlive(view)) return []
  return leavesOf(view)
    .filter((leaf) => leaf.cause === 'not-connected')
    .map((leaf) => {
      const { owner = 'a queue', connection = 'not connected', queuedIn, parked } = leaf.waits
      const late = pastOwnTimeOut(view, leaf)
      return leafCandidate(view, leaf, {
        cause: 'not-connected',
        waitsFor: `${whatOf(leaf, late)}${parked === true ? ', and no attempt to connect is under way or planned' : ''}`,
        signs: [
          strong(queuedIn === undefined ? `it waits for ${owner}` : `it is in ${owner}`),
          strong(`its client says of its connection: ${connection}`),
          ...(parked === true ? [strong('the timer of its next attempt is gone')] : []),
          ...(late === null ? [] : [strong(late.sign)]),
        ],
        cap: capByLooks(view, leaf) === 'low' ? 'low' : 'medium',
        weight: 34,
        refutedBy: 'The client being connected in a later look.',
        nextStep: parked === true ? NOBODY_CONNECTS : (late?.nextStep ?? CONNECT),
      })
    })
}

const CONNECT =
  'Make sure that this client is connected (another one may have been opened instead) and that the server is reachable and finishes its handshake; let commands fail while there is no connection.'
const NOBODY_CONNECTS =
  'Restart this worker: nothing connects this client again, though the server may be back. Somebody called its disconnect() while it waited to try again; see whether a newer release of the library does not.'

function whatOf({ waits }: Leaf, late: PastOwnTimeOut | null): string {
  const { owner = 'a queue', connection = 'not connected', queuedIn, peer, wasSent, mayBeSent, blocking } = waits
  if (queuedIn === undefined) {
    return `the connection of ${owner} to be ready${peer === undefined ? '' : ` (${peer})`}: it is ${connection}`
  }
  const more = queuedIn.queued == null || queuedIn.queued < 2 ? '' : ` with ${queuedIn.queued} in all`
  const until = `until there is a connection that is ready${peer === undefined ? '' : ` to ${peer}`} (state: ${connection})`
  if (mayBeSent === true)
    return `an answer that ${owner}${more} is to get: its client has no connection (state: ${connection}), so that the request was never sent, or was lost with the connection before`
  if (wasSent !== true) return `a command that was never sent: it is kept in ${owner}${more} ${until}`
  return `the answer to ${late?.command ?? blocking ?? 'a command'}: it was sent on a connection that is gone, and is kept in ${owner}${more} ${until}`
}
