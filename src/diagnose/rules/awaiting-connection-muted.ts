/**
 * `awaiting/connection-reused-dead` of any client and without a clock: requests go out on one kept connection, one after
 * the other, and nothing comes back on it. A fresh connection that is answered would prove it; without, a server that
 * takes requests and answers none looks the same: `medium` at most, `low` where nobody
 * could read whether answers are expected (one that only sends, as a shipper of logs, is none).
 */
import { blameAwait } from '../view/blame.js'
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import { loopIsAlive } from '../view/leaf.js'
import { plural, seconds } from '../view/phrases.js'
import { pointerTo } from '../view/pointers.js'
import { deadConnections, type DeadConnection } from '../view/watched-dead.js'
import type { View } from '../view/view.js'

/** Polls of message queues last 20 s as a rule: a shorter silence is no more than a guess. */
const LONG_MS = 20_000
/** From so many on, no client would call it slow. */
const MANY_SENDS = 3

export function awaitingConnectionMuted(view: View): readonly Candidate[] {
  if (!loopIsAlive(view)) return []
  // Told by the clock of the polls already, with its history.
  if (view.clocks.some((clock) => !clock.paused && clock.failuresInRow > 1)) return []
  return deadConnections(view).map((dead) => candidate(view, dead))
}

function candidate(view: View, dead: DeadConnection): Candidate {
  const { watch, silentMs, answers, authority, node } = dead
  const blame = node === null ? { where: null, chain: [] } : blameAwait(node)
  const sent = `${plural(watch.sends, 'time')} in ${seconds(watch.watchedMs)}`
  const signs: Sign[] = [
    strong(`data went out ${sent} on one connection, and nothing came back for ${seconds(silentMs)}`),
  ]
  if (answers) signs.push(weak(authority === null ? 'a function waits for an answer on it' : 'it is an HTTP/2 session'))
  // The name that the client knows and where it leads to, which are the same for a bare address.
  const peer = authority === null || authority === watch.peer ? watch.peer : `${authority} (${watch.peer})`
  const sure = answers && (silentMs >= LONG_MS || watch.sends >= MANY_SENDS)
  const index = view.last.kernel?.sockets.findIndex((each) => each.fd === watch.fd) ?? -1
  return {
    kind: 'awaiting',
    cause: 'connection-reused-dead',
    where: blame.where,
    chain: blame.chain,
    summary: `Requests go out again and again on the kept connection to ${peer} (fd ${watch.fd}; ${sent}), and nothing came back on it for ${seconds(silentMs)}.`,
    evidence: pointerTo('sockets', index),
    signs,
    cap: sure ? 'medium' : 'low',
    weight: 60,
    refutedBy:
      'Data received on this connection; or a fresh connection from this machine that is not answered either: then the server or the path is down.',
    nextStep:
      'Restart the worker to get a fresh connection; let its client close a connection whose requests time out (no HTTP/2, or a ping with a deadline), and ask what sits between (a proxy, NAT).',
  }
}
