/** `awaiting/socket-reply`: a raw TCP or database client waits on a connection that is healthy and silent. */
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import { capByAge, leafCandidate, leavesOf, loopIsAlive, type Leaf } from '../view/leaf.js'
import type { View } from '../view/view.js'

export function awaitingSocketReply(view: View): readonly Candidate[] {
  if (!loopIsAlive(view)) return []
  return leavesOf(view)
    .filter((leaf) => leaf.cause === 'socket-reply')
    .map((leaf) =>
      leafCandidate(view, leaf, {
        cause: 'socket-reply',
        waitsFor: `a reply on the connection to ${leaf.waits.peer ?? leaf.waits.path ?? 'a peer'}${leaf.waits.owner === undefined ? '' : ` (${leaf.waits.owner})`}`,
        signs: signsOf(leaf),
        cap: capByAge(view, leaf),
        weight: 28,
        refutedBy: 'Data received on this connection between two looks.',
        nextStep: `Ask ${leaf.waits.peer ?? 'the peer'} what it does for this client (a lock? a slow query?), and give the call a time-out.`,
      }),
    )
}

function signsOf({ waits }: Leaf): Sign[] {
  const signs: Sign[] = [strong('what it waits for hangs on this socket')]
  if (waits.state === 'ESTABLISHED' && waits.unacknowledged === false) {
    signs.push(weak('the connection is established and all that was sent is acknowledged'))
  }
  return signs
}
