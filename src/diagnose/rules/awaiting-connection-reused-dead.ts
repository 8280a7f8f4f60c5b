/**
 * `awaiting/connection-reused-dead`: a kept connection whose every request times out, while new ones work. Needs the
 * clock's history; that a fresh connection is answered makes it sure.
 */
import { strong, weak, type Candidate, type Sign } from '../candidate.js'
import { leafCandidate, leavesOf, loopIsAlive, type Leaf } from '../leaf.js'
import { plural, seconds } from '../phrases.js'
import type { View } from '../view.js'

const FAILURES = 2

export function awaitingConnectionReusedDead(view: View): readonly Candidate[] {
  const { clock } = view
  if (!loopIsAlive(view) || clock === null || clock.failuresInRow < FAILURES) return []
  return leavesOf(view)
    .filter((leaf) => isKeptConnection(leaf))
    .map((leaf) => {
      const fresh = freshAnswer(view, leaf)
      const signs: Sign[] = [strong(`${plural(clock.failuresInRow, 'poll')} failed in a row`)]
      if (clock.lastSuccessMs !== null)
        signs.push(weak(`the last answered poll was ${seconds(clock.lastSuccessMs)} ago`))
      if (leaf.waits.kind === 'http2-stream') signs.push(weak('they share one HTTP/2 session'))
      if (fresh === true) signs.push(strong('a fresh connection to the same server is answered'))
      return leafCandidate(view, leaf, {
        cause: 'connection-reused-dead',
        waitsFor: `an answer on the kept connection to ${leaf.waits.peer ?? 'the server'}, on which ${plural(clock.failuresInRow, 'poll')} in a row failed${fresh === true ? ' while a fresh connection is answered' : ''}`,
        signs,
        // Without the probe, a server that is down looks the same.
        cap: fresh === true ? 'high' : fresh === false ? 'low' : 'medium',
        weight: 60,
        refutedBy:
          'A fresh connection from this machine that is not answered either: then the server or the path is down.',
        nextStep:
          'Restart the worker to get a fresh connection; set allowH2: false or a short keep-alive, and ask what sits between (a proxy, NAT).',
      })
    })
}

function isKeptConnection(leaf: Leaf): boolean {
  if (leaf.waits.kind !== 'http2-stream' && leaf.waits.kind !== 'http-request') return false
  return leaf.cause === 'http-response' || leaf.cause === 'socket-unacknowledged'
}

function freshAnswer(view: View, leaf: Leaf): boolean | null {
  const probes = view.evidence.freshConnections ?? []
  return probes.find((probe) => leaf.waits.peer === undefined || probe.peer === leaf.waits.peer)?.answered ?? null
}
