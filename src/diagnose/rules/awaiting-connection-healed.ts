/**
 * `awaiting/connection-reused-dead`, as its end proves it: the agent closed that one connection, and a poll was answered
 * then. The capture that records this sees a worker that is well again, so what was wrong is taken from the earlier one.
 */
import { strong, weak, type Candidate } from '../view/candidate.js'
import type { View } from '../view/view.js'

export function awaitingConnectionHealed({ evidence }: View): readonly Candidate[] {
  const heal = evidence.stall?.heal
  if (heal?.outcome !== 'answered') return []
  const { connection, steps, verdict } = heal
  return [
    {
      kind: 'awaiting',
      cause: 'connection-reused-dead',
      where: verdict.where,
      chain: verdict.chain,
      summary: `A poll was answered after the dead connection to ${connection.peer} was closed from inside: it polls again, and was not ended. Before: ${verdict.summary}`,
      evidence: [],
      signs: [strong(`a poll was answered after that connection was closed`), ...steps.map(({ text }) => weak(text))],
      cap: 'high',
      weight: 100,
      refutedBy: 'Polls that fail again without that connection: then it was not the connection alone.',
      nextStep:
        'Nothing to do for this worker. Set CONDUCTOR_DISABLE_HTTP2=true (SDK 3 and later) or a short keep-alive, give polls a time-out where they have none, and ask what sits between (a proxy, NAT): it will happen again.',
    },
  ]
}
