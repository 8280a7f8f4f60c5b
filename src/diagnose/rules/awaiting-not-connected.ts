/** `awaiting/not-connected`: a command is kept until its client is connected, and the client says that it is not. */
import { strong, type Candidate } from '../view/candidate.js'
import { capByLooks, leafCandidate, leavesOf, loopIsAlive } from '../view/leaf.js'
import type { View } from '../view/view.js'

export function awaitingNotConnected(view: View): readonly Candidate[] {
  if (!loopIsAlive(view)) return []
  return leavesOf(view)
    .filter((leaf) => leaf.cause === 'not-connected')
    .map((leaf) => {
      const { owner = 'a queue', connection = 'not connected', queuedIn, peer } = leaf.waits
      const more = queuedIn?.queued == null || queuedIn.queued < 2 ? '' : ` with ${queuedIn.queued} in all`
      return leafCandidate(view, leaf, {
        cause: 'not-connected',
        waitsFor:
          queuedIn === undefined
            ? `the connection of ${owner} to be ready${peer === undefined ? '' : ` (${peer})`}: it is ${connection}`
            : `a command that was never sent: it is kept in ${owner}${more} until there is a connection that is ready${peer === undefined ? '' : ` to ${peer}`} (state: ${connection})`,
        signs: [
          strong(queuedIn === undefined ? `it waits for ${owner}` : `it is in ${owner}`),
          strong(`its client says of its connection: ${connection}`),
        ],
        cap: capByLooks(view, leaf) === 'low' ? 'low' : 'medium',
        weight: 34,
        refutedBy: 'The client being connected in a later look.',
        nextStep:
          'Make sure that this client is connected (another one may have been opened instead) and that the server is reachable and finishes its handshake; let commands fail while there is no connection.',
      })
    })
}
