/** `awaiting/socket-reply`: a raw TCP or database client waits on a connection that is healthy and silent. */
import type { QueueFacts } from '../../model/await.js'
import { placeText } from '../view/blame.js'
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import {
  capByAge,
  capByLooks,
  capBySilence,
  leafCandidate,
  leavesOf,
  loopIsAlive,
  waitingOf,
  type Leaf,
} from '../view/leaf.js'
import { neverText, nothingEverCame, SEE_HANDSHAKE } from '../view/never-answered.js'
import { isOwnServer } from '../view/own-server.js'
import { pastOwnTimeOut } from '../view/own-time-out.js'
import { plural } from '../view/phrases.js'
import type { View } from '../view/view.js'

export function awaitingSocketReply(view: View): readonly Candidate[] {
  if (!loopIsAlive(view)) return []
  return leavesOf(view)
    .filter((leaf) => leaf.cause === 'socket-reply')
    .map((leaf) => (leaf.waits.queuedIn === undefined ? replyTo(view, leaf) : behind(view, leaf, leaf.waits.queuedIn)))
}

function replyTo(view: View, leaf: Leaf): Candidate {
  const { blocking } = leaf.waits
  const peer = leaf.waits.peer ?? leaf.waits.path ?? 'a peer'
  const late = pastOwnTimeOut(view, leaf)
  if (leaf.waits.type === 'datagram') return datagramTo(view, leaf)
  if (leaf.waits.state === 'FIN_WAIT2') return halfClosed(view, leaf)
  const command = late?.command ?? (blocking && `${blocking}, a command that waits at the server until something comes`)
  return leafCandidate(view, leaf, {
    cause: 'socket-reply',
    waitsFor: `${command === undefined ? '' : `${command}: `}a reply on the connection to ${peer}${throughText(leaf)}${isOwnServer(view, leaf) ? ', which this process accepted itself' : late === null ? neverText(leaf) : ''}`,
    signs: [...signsOf(leaf), ...(late === null ? [] : [strong(late.sign)])],
    ...capOf(view, leaf),
    weight: 28,
    refutedBy: 'Data received on this connection between two looks.',
    nextStep: late?.nextStep ?? (isOwnServer(view, leaf) ? OWN_SERVER : nextOf(leaf)),
  })
}

/** This process has ended its side, and the peer's kernel has acknowledged that; what is missing is the peer's end. */
function halfClosed(view: View, leaf: Leaf): Candidate {
  const peer = leaf.waits.peer ?? 'the peer'
  return leafCandidate(view, leaf, {
    cause: 'socket-reply',
    waitsFor: `${peer} to end its side of the connection, which this process has ended on its own side`,
    signs: [
      strong('what it waits for hangs on this socket'),
      strong('its own end was sent and acknowledged (FIN_WAIT2)'),
    ],
    ...capBySilence(view, leaf),
    weight: 29,
    refutedBy: 'The connection being closed in a later look.',
    nextStep: `Give the peer a second or so after end(), then destroy() the socket. See why ${peer} does not close: it may wait for more, or have a child or a fork that still holds the connection.`,
  })
}

/** It has no connection, and nobody tells whether what was sent has arrived. */
function datagramTo(view: View, leaf: Leaf): Candidate {
  const { local, event } = leaf.waits
  const at = local === undefined ? '' : ` ${local}`
  return leafCandidate(view, leaf, {
    cause: 'socket-reply',
    waitsFor: `${event === undefined || event === 'message' ? 'a datagram' : `event ${event}`} on its UDP socket${at}`,
    signs: [strong('what it waits for hangs on this socket')],
    cap: view.silent ? 'medium' : 'low',
    weight: 28,
    refutedBy: 'A datagram that comes between two looks; or that silence is normal there.',
    nextStep:
      'A datagram may be lost, and so may its answer: send it again after a time-out, and give up after a few. See whether anybody listens where it was sent to.',
  })
}

/** A table of one's own keeps its entries over a new connection, on which nobody knows of them. */
function capOf(view: View, leaf: Leaf): ReturnType<typeof capBySilence> {
  const { cap, ranksAs } = capBySilence(view, leaf)
  return { cap: cap === 'high' && leaf.waits.mayBeLost === true ? 'medium' : cap, ranksAs }
}

const OWN_SERVER =
  'See what this process does with what comes at its end of that connection: it does not answer (a callback that is not called, an error that is dropped), or waits for what waits for it.'

function nextOf(leaf: Leaf): string {
  const { blocking } = leaf.waits
  if (nothingEverCame(leaf)) return SEE_HANDSHAKE
  return blocking === undefined
    ? `Ask ${leaf.waits.peer ?? 'the peer'} what it does for this client (a lock? a slow query?), and give the call a time-out.${leaf.waits.mayBeLost === true ? ' If this client has connected anew since, the request was lost with the earlier connection: reject what is pending when it closes.' : ''}`
    : `Find out who should put something there, and give ${blocking} a time-out of a few seconds, so that the loop turns and notices a dead connection.`
}

/** ` (Query.callback)`, ` (event pong of WebSocket)` */
function throughText({ waits }: Leaf): string {
  const { owner, event } = waits
  if (owner === undefined) return ''
  return event !== undefined && owner.endsWith('._events')
    ? ` (event ${event} of ${owner.slice(0, -'._events'.length)})`
    : ` (${owner})`
}

/** It stands behind others on its connection: perhaps it was never sent, and it is not its own answer that is missing. */
function behind(view: View, leaf: Leaf, queue: QueueFacts): Candidate {
  const peer = leaf.waits.peer ?? 'a peer'
  const blocker = blockerOf(view, leaf, queue)
  const others = blocker?.text ?? othersText(queue)
  const first = blocker === null ? firstText(queue) : ''
  const place = queue.sent === true ? 'it is answered after that' : 'perhaps it was not even sent'
  return leafCandidate(view, leaf, {
    cause: 'socket-reply',
    waitsFor: `its turn behind ${others} in ${queue.owner}${first}, on the connection to ${peer}: ${place}`,
    signs: [strong(`it is in ${queue.owner}, behind ${others}`), ...signsOf(leaf).slice(1)],
    cap: (blocker?.isForEver === true ? capByLooks(view, leaf) : capByAge(view, leaf)) === 'low' ? 'low' : 'medium',
    weight: 29,
    refutedBy: 'The queue getting shorter between two looks.',
    nextStep:
      blocker === null
        ? `Look for what runs first on this connection${firstText(queue)} and does not end: a blocking command, a cursor or transaction left open, an answer that is not read. Give such work a connection of its own.`
        : `Give ${blocker.command} a connection of its own: the server answers what shares its connection only after it.`,
  })
}

function othersText(queue: QueueFacts): string {
  return queue.position === null || queue.position === 0 ? 'what is in front of it' : plural(queue.position, 'other')
}

function firstText({ ahead }: QueueFacts): string {
  return ahead === undefined ? '' : ` (first ${ahead})`
}

/** The function whose blocking command stands first on the same connection. */
function blockerOf(
  view: View,
  { waits }: Leaf,
  { ahead }: QueueFacts,
): { readonly command: string; readonly text: string; readonly isForEver: boolean } | null {
  if (ahead === undefined || waits.fd === undefined) return null
  for (const each of waitingOf(view)) {
    const { blocking, blockingMs, fd, queuedIn } = each.waits
    if (blocking !== ahead || fd !== waits.fd || queuedIn !== undefined) continue
    const text = `${blocking} of ${placeText(each.blame.where)}, which waits at the server until something comes,`
    return { command: blocking, text, isForEver: blockingMs === 0 }
  }
  return null
}

function signsOf({ waits }: Leaf): Sign[] {
  const signs: Sign[] = [strong('what it waits for hangs on this socket')]
  if ((waits.receiveQueueBytes ?? 0) > 0) signs.push(weak(`${waits.receiveQueueBytes} bytes are waiting to be read`))
  if (waits.state === 'ESTABLISHED' && waits.unacknowledged === false) {
    signs.push(weak('the connection is established and all that was sent is acknowledged'))
  }
  return signs
}
