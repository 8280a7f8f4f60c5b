/** `awaiting/socket-unacknowledged`: what was sent is not even acknowledged: the peer or the path to it is gone. */
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import { capByAge, leafCandidate, leavesOf, loopIsAlive, type Leaf } from '../view/leaf.js'
import { plural } from '../view/phrases.js'
import type { View } from '../view/view.js'
import { requestText } from './awaiting-http-response.js'

export function awaitingSocketUnacknowledged(view: View): readonly Candidate[] {
  if (!loopIsAlive(view)) return []
  return leavesOf(view)
    .filter((leaf) => leaf.cause === 'socket-unacknowledged')
    .map((leaf) => {
      const retransmits = leaf.waits.retransmits ?? 0
      // Three in a row take 1.4 s at least, and a healthy path recovers before: no age is needed then.
      const cap = retransmits >= 3 ? 'high' : capByAge(view, leaf)
      return leafCandidate(view, leaf, {
        cause: 'socket-unacknowledged',
        waitsFor: waitText(leaf),
        signs: signsOf(leaf),
        cap,
        weight: 40,
        refutedBy: 'An acknowledgement: retransmissions back at 0, or a send queue that shrinks.',
        nextStep: `Check that ${leaf.waits.peer ?? 'the peer'} is up and the path to it (routes, firewall, conntrack); set a time-out, and TCP_USER_TIMEOUT or keep-alive.`,
      })
    })
}

function waitText(leaf: Leaf): string {
  const { waits } = leaf
  if (waits.state === 'SYN_SENT') return `a connection to ${waits.peer ?? 'a peer'} that answers nothing`
  const what = waits.kind === 'socket' ? `a reply from ${waits.peer ?? 'a peer'}` : `the answer to ${requestText(leaf)}`
  return `${what}, whose kernel does not acknowledge the ${plural(waits.sendQueueBytes ?? 0, 'byte')} sent (sent again ${plural(waits.retransmits ?? 0, 'time')})`
}

function signsOf({ waits }: Leaf): Sign[] {
  const signs: Sign[] = []
  if (waits.state === 'SYN_SENT') signs.push(strong('the connection is not established (SYN_SENT)'))
  if (waits.unacknowledged === true) signs.push(strong(`${waits.sendQueueBytes ?? 0} bytes are unacknowledged`))
  if ((waits.retransmits ?? 0) >= 1) {
    const sign = (waits.retransmits ?? 0) >= 3 ? strong : weak
    signs.push(sign(`retransmitted ${plural(waits.retransmits ?? 0, 'time')} in a row`))
  }
  return signs
}
