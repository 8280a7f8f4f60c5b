/**
 * A suspended function that waits for something outside the JavaScript: what, since when, and how sure one may be that
 * it is stuck rather than slow. A wait that a timer will end, and a long poll that is due back, are no stalls.
 */
import type { AwaitNode, WaitKind, WaitsFor } from '../../model/await.js'
import type { Look } from '../../model/evidence.js'
import type { SocketState } from '../../model/socket.js'
import type { Confidence, VerdictCause } from '../../model/verdict.js'
import { blameAwait, blameCaller, placeText, type Blame } from './blame.js'
import { strong, weak, type Candidate, type Sign } from './candidate.js'
import { seconds } from './phrases.js'
import { pointersOfAwait } from './pointers.js'
import { standingWith } from './places.js'
import { isLookedFor } from './turning.js'
import type { View } from './view.js'

export type AwaitingCause = VerdictCause<'awaiting'>

export interface Leaf {
  readonly node: AwaitNode
  /** Position in the last look's awaits. */
  readonly index: number
  readonly waits: WaitsFor
  readonly blame: Blame
  readonly cause: AwaitingCause
  readonly socket: SocketState | null
  /** Bytes in this process's own socket that it did not read over the looks; 0 when it reads, or none are there. */
  readonly unreadBytes: number
  /** How long it surely waits; null when only one look has it and nothing else tells. */
  readonly ageMs: number | null
}

/**
 * A wait of this age, known from the socket or the request itself, is worth a verdict without any clock. Long polls of
 * message queues last 20 s as a rule.
 */
export const PATIENCE_MS = 20_000
/** From here on an unanswered request goes before the word that nothing is known. */
const YOUNG_MS = 10_000
/** Past the time-outs that clients use as a rule (60 s): nobody would call it slow. */
const LONG_MS = 65_000
/** SDK 4 aborts polls after 60 s; a server may hold one for nearly as long. */
const LONG_POLL_MS = 65_000
/** `await sleep(...)` in a loop is how pollers pace themselves. */
export const FAR_TIMER_MS = 60_000

/** Events of a stream, of a child and of a thread, as `events.once` waits for them. */
const STREAM_EVENT = /^(?:data|readable|end|finish|close|drain|line)$/

/** Leaves of the last look that did not move over the looks and lead to code that can be blamed. */
export function leavesOf(view: View): readonly Leaf[] {
  const looks = view.evidence.looks.filter((look) => look.awaits !== null).length
  const still = leavesSeenIn(view, looks)
  // A scan that a garbage collection overtook misses functions: while a clock is silent, the last look alone counts.
  return still.length > 0 || !view.silent ? still : leavesSeenIn(view, 1)
}

/**
 * Every wait of the last look that did not move over the looks, with those that are no stall by themselves: near timers
 * and long polls. Without a clock nobody can tell that they are not.
 */
export function waitingOf(view: View): readonly Leaf[] {
  const looks = view.evidence.looks.filter((look) => look.awaits !== null).length
  return unmovedIn(view, looks)
}

/** The requests to a server's polls that were in flight in one look, whatever became of them in the next. */
export function pollsIn(view: View, look: Look): readonly Leaf[] {
  return requestsIn(view, look).filter((leaf) => isPoll(leaf))
}

/** All requests that were in flight in one look. */
export function requestsIn(view: View, look: Look): readonly Leaf[] {
  // As if a clock were silent: a poll that is one of many that fail is no long poll.
  return leavesSeenIn({ ...view, last: look, silent: true }, 1).filter((leaf) => isHttp(leaf))
}

export function isHttp({ waits }: Leaf): boolean {
  return isHttpWait(waits)
}

function isHttpWait(waits: WaitsFor): boolean {
  return waits.kind === 'http-request' || waits.kind === 'http2-stream'
}

function isPoll(leaf: Leaf): boolean {
  if (!isHttp(leaf)) return false
  const { waits, blame } = leaf
  return /poll/i.test(`${waits.url ?? ''} ${blame.chain.map((frame) => frame.function ?? '').join(' ')}`)
}

function leavesSeenIn(view: View, looks: number): readonly Leaf[] {
  return unmovedIn(view, looks).filter((leaf) => !isLongPoll(view, leaf) && !isNearTimer(leaf))
}

function unmovedIn(view: View, looks: number): readonly Leaf[] {
  const leaves: Leaf[] = []
  const nodes = view.last.awaits?.awaits ?? []
  for (const [index, node] of nodes.entries()) {
    if (node.waitsFor === null || node.waitsFor.kind === 'await') continue
    // Seen in some looks only: it comes and goes, which is what a healthy loop does.
    if (node.looks !== undefined && node.looks < looks) continue
    const blame = node.waitsFor.ownCode === true ? blameCaller(node) : blameAwait(node)
    if (blame.where === null) continue
    leaves.push(leafOf(view, node, index, node.waitsFor, blame))
  }
  return leaves
}

function leafOf(view: View, node: AwaitNode, index: number, waits: WaitsFor, blame: Blame): Leaf {
  const socket = view.last.kernel?.sockets.find((each) => each.fd !== null && each.fd === waits.fd) ?? null
  const unreadBytes = unreadOf(view, socket)
  // A timer set long ago is one that was meant to be long: that alone makes nobody stuck.
  const silentMs = waits.kind === 'timer' ? null : (waits.sinceMs ?? null)
  const ages = [node.seenMs ?? null, silentMs].filter((age) => age !== null)
  return {
    node,
    index,
    waits,
    blame,
    cause: isLookedFor(view, node) ? 'unknown' : causeOf(node, waits, unreadBytes > 0 || liesUnread(view, node, waits)),
    socket,
    unreadBytes,
    ageMs: ages.length === 0 ? null : Math.max(...ages),
  }
}

/**
 * What lies in our own socket, the same in every look though the loop asks for events, waits for nobody but us. One look proves
 * nothing: data may just have come.
 */
function unreadOf(view: View, socket: SocketState | null): number {
  if (socket === null || socket.state === 'LISTEN' || !cameToPoll(view)) return 0
  if (socket.peer === null || !((socket.receiveQueueBytes ?? 0) > 0)) return 0
  const looks = view.evidence.looks.filter((look) => look.kernel !== null)
  if (looks.length < 2) return 0
  const same = looks.every((look) =>
    look.kernel?.sockets.some(
      (each) =>
        each.local === socket.local && each.peer === socket.peer && each.receiveQueueBytes === socket.receiveQueueBytes,
    ),
  )
  return same ? (socket.receiveQueueBytes ?? 0) : 0
}

/** The same by node's own streams: data lies in one that has no reader, in every look of an idle loop. */
function liesUnread(view: View, node: AwaitNode, waits: WaitsFor): boolean {
  if (waits.unread === undefined) return false
  if ((waits.unread.buffered ?? 0) === 0 && waits.unread.unstarted !== true) return false
  return cameToPoll(view) && (node.looks ?? 1) > 1
}

/** Its loop waited for events, or came back to them between the looks: what is there to be read, it was told of. */
function cameToPoll({ main }: View): boolean {
  return main !== null && (main.idle || (main.last.state === 'idle' && (main.turns ?? 0) > 0))
}

function causeOf(node: AwaitNode, waits: WaitsFor, unread: boolean): AwaitingCause {
  if (waits.over !== undefined) return 'never-settles'
  if (unread) return 'stream'
  if (isQueueWait(waits)) return 'lock'
  // What comes in at a server is nobody's reply.
  if (waits.kind === 'socket' && waits.incoming === true) {
    return waits.event !== undefined && STREAM_EVENT.test(waits.event) ? 'stream' : 'unknown'
  }
  if (waits.kind === 'socket' && (isStreamReader(node, waits) || isStdin(waits))) return 'stream'
  // Who waits until more can be written has written more than is taken: no reply is missing.
  if (waits.kind === 'socket' && waits.event === 'drain' && !isUnacknowledged(waits)) return 'stream'
  switch (waits.kind) {
    case 'http-request':
    case 'http2-stream':
      if (isUnended(waits)) return 'stream'
      return isUnacknowledged(waits) ? 'socket-unacknowledged' : 'http-response'
    case 'socket':
      return isUnacknowledged(waits) ? 'socket-unacknowledged' : 'socket-reply'
    case 'timer':
      return 'timer'
    case 'file':
      return 'file'
    case 'dns':
      return 'dns'
    case 'child':
      return 'child-message'
    case 'worker':
    case 'message-port':
      return 'thread-message'
    case 'stream':
      return 'stream'
    case 'lock':
      return 'lock'
    case 'pool':
      return 'pool-exhausted'
    case 'buffer':
      return 'not-connected'
    case 'nothing':
    case 'module':
      return 'never-settles'
    case 'emitter':
      if (waits.list === true) return 'unknown'
      return waits.event !== undefined && STREAM_EVENT.test(waits.event) ? 'stream' : 'unknown'
    case 'pool-request':
    case 'abort-signal':
    case 'await':
    case 'unknown':
      return 'unknown'
    default:
      return waits satisfies never
  }
}

/**
 * Its resolver is in a queue of the user's, and what would take it out of there has a socket or the like of its own:
 * not what this wait is for.
 */
export function isQueueWait(waits: WaitsFor): boolean {
  if (waits.kind === 'lock') return true
  if (waits.kind !== 'socket' || waits.fd !== undefined || waits.parts?.[0]?.role !== 'module') return false
  return waits.parts.some((part) => part.role === 'collection' && part.name === 'Array')
}

/** The process's own standard input, a pipe or a terminal: nobody's reply. */
export function isStdin(waits: WaitsFor): boolean {
  return waits.kind === 'socket' && waits.fd === 0 && waits.peer === undefined
}

/** `for await` and readers: node's own iterator is parked, or the stream's own event is what is awaited. */
function isStreamReader(node: AwaitNode, waits: WaitsFor): boolean {
  const iterating = node.function === 'createAsyncIterator' && (node.file ?? '').startsWith('node:')
  return iterating || waits.event === 'readable'
}

/**
 * Bytes that the peer's kernel has not acknowledged, sent again at least once; or a connection that is not
 * established. The retransmission timer alone runs for a moment after every send.
 */
export function isUnacknowledged(waits: WaitsFor): boolean {
  if (waits.state === 'SYN_SENT') return true
  return waits.unacknowledged === true && (waits.retransmits ?? 0) >= 1
}

/** A request whose body this process has not written to its end, though the connection takes what it is given. */
export function isUnended(waits: WaitsFor): boolean {
  if (!isHttpWait(waits) || waits.sent !== false || waits.answered === true) return false
  // It writes the body once the server asks for it.
  if (waits.expects === 'continue') return false
  return waits.fd !== undefined && waits.state === 'ESTABLISHED' && waits.sendQueueBytes === 0
}

function isLongPoll(view: View, leaf: Leaf): boolean {
  if (view.silent) return false
  // An empty list is normal for a worker of a queue, however long: only a clock that misses it makes it a stall.
  if (leaf.waits.blocking !== undefined) return true
  if (leaf.cause !== 'http-response') return false
  return /\/poll(?:\/|\?|$|\b)/.test(leaf.waits.url ?? '') && (leaf.ageMs ?? 0) < LONG_POLL_MS
}

export function isNearTimer(leaf: Leaf): boolean {
  return leaf.cause === 'timer' && (leaf.waits.dueInMs ?? 0) < FAR_TIMER_MS
}

/** A request that has not been answered for a few seconds is what every slow server and long poll looks like. */
function isYoung(view: View, leaf: Leaf): boolean {
  // The kernel counts no time for a local socket: of that one nobody can say that it is young.
  if (leaf.waits.peer === undefined && leaf.socket !== null && leaf.waits.sinceMs === undefined) return false
  return !view.silent && leaf.cause === 'http-response' && (leaf.ageMs ?? 0) < YOUNG_MS
}

/** Signs that every await has in common. `structural`: what was found proves it whatever its age. */
export function commonSigns(view: View, leaf: Leaf): Sign[] {
  const signs: Sign[] = []
  const looks = leaf.node.looks ?? 1
  if (looks > 1 && leaf.node.seenMs != null) {
    signs.push(weak(`in the same place in ${looks} looks over ${seconds(leaf.node.seenMs)}`))
  }
  if (leaf.cause !== 'timer' && leaf.waits.sinceMs !== undefined && leaf.waits.sinceMs >= PATIENCE_MS) {
    signs.push(strong(`nothing came for ${seconds(leaf.waits.sinceMs)}`))
  }
  if (view.silence !== null) signs.push(strong(view.silence))
  if (view.main?.idle === true) signs.push(weak('the event loop is idle'))
  return signs
}

/** The most that may be claimed of a wait by its age: a slow one must not be called stuck. */
export function capByAge(view: View, leaf: Leaf): Confidence {
  if (leaf.node.doubtful === true) return 'low'
  if (view.silent) return 'high'
  if (leaf.ageMs !== null && leaf.ageMs >= LONG_MS) return 'high'
  return leaf.ageMs !== null && leaf.ageMs >= PATIENCE_MS ? 'medium' : 'low'
}

/**
 * For waits of which nothing is known but that their connection is silent: that is what a slow peer looks like too. Only
 * a clock that misses it makes it more than a guess. Its rank stays that of its age, before what merely moves beside it.
 */
export function capBySilence(view: View, leaf: Leaf): { readonly cap: Confidence; readonly ranksAs: Confidence } {
  const byAge = capByAge(view, leaf)
  // What lies in our own socket was sent: then the peer is not what is silent.
  const silent = (leaf.waits.receiveQueueBytes ?? 0) === 0 && leaf.waits.unread === undefined
  return { cap: view.silent && silent ? byAge : 'low', ranksAs: byAge }
}

/** Looks are half a second apart, less a timer's haste. */
const APART_MS = 450

/** For waits that have no age of their own (a file, a lock): the looks themselves must be apart. */
export function capByLooks(view: View, leaf: Leaf): Confidence {
  const byAge = capByAge(view, leaf)
  if (byAge !== 'low' || leaf.node.doubtful === true || wasAnother(view, leaf)) return byAge
  return (leaf.node.looks ?? 1) > 1 && view.spanMs >= APART_MS ? 'medium' : 'low'
}

/** What is known of nobody's waits says nothing against another one. */
const UNTOLD: ReadonlySet<WaitKind> = new Set<WaitKind>(['unknown', 'nothing', 'await'])

/** An earlier look saw functions wait in that place for something else: they moved, or one of the looks is wrong. */
function wasAnother(view: View, { node, waits }: Leaf): boolean {
  return view.evidence.looks.some((look) => {
    if (look === view.last) return false
    const kinds = standingWith(look.awaits, node).map((each) => each.waitsFor?.kind)
    const told = kinds.filter((kind) => kind !== undefined && !UNTOLD.has(kind))
    return told.length > 0 && !told.includes(waits.kind)
  })
}

export interface LeafVerdict {
  readonly cause: AwaitingCause
  /** What comes after "`place` waits for". */
  readonly waitsFor: string
  readonly signs: readonly Sign[]
  readonly cap: Confidence
  readonly ranksAs?: Confidence
  readonly needsNoCpu?: boolean
  readonly weight: number
  readonly refutedBy: string
  readonly nextStep: string
}

export function leafCandidate(view: View, leaf: Leaf, verdict: LeafVerdict): Candidate {
  const times = leaf.node.count > 1 ? ` (${leaf.node.count} times)` : ''
  return {
    kind: 'awaiting',
    cause: verdict.cause,
    where: leaf.blame.where,
    chain: leaf.blame.chain,
    summary: `${placeText(leaf.blame.where)}${times} waits for ${verdict.waitsFor}${ageText(leaf)}.`,
    evidence: pointersOfAwait(view, leaf.index),
    signs: [...verdict.signs, ...commonSigns(view, leaf)],
    cap: leaf.blame.origin === 'user' || verdict.cap === 'low' ? verdict.cap : 'medium',
    ...(verdict.ranksAs === undefined || leaf.blame.origin !== 'user' ? {} : { ranksAs: verdict.ranksAs }),
    ...(verdict.needsNoCpu === true ? { needsNoCpu: true } : {}),
    // What was another wait a moment later is no word against what moves, either.
    ...(isYoung(view, leaf) || leaf.waits.changed === true ? { young: true } : {}),
    weight: verdict.weight + weightOf(view, leaf),
    refutedBy: verdict.refutedBy,
    nextStep: verdict.nextStep,
  }
}

/** What a package has under way by itself (its blocking read, its reconnecting) comes after what the user's code waits for. */
const FOREIGN = -20

/** The nearer to the user's code, and the more of it, the sooner. */
function weightOf(view: View, leaf: Leaf): number {
  const foreign = leaf.blame.origin === 'user' ? 0 : FOREIGN
  return Math.min(leaf.node.count, 9) / 10 + foreign + pollWeight(view, leaf)
}

function ageText(leaf: Leaf): string {
  return leaf.ageMs === null || leaf.ageMs < 1_000 ? '' : `, for ${seconds(leaf.ageMs)} at least`
}

/** While a poll is in flight for as long as the clock is silent, the poll itself is what stalls. */
function pollWeight(view: View, leaf: Leaf): number {
  return isPollInFlight(view, leaf) ? 100 : 0
}

export function isPollInFlight({ clock }: View, leaf: Leaf): boolean {
  if (clock?.inFlightMs == null || clock.inFlightMs < clock.ageMs / 2) return false
  const text = `${leaf.waits.url ?? ''} ${leaf.blame.chain.map((frame) => frame.function ?? '').join(' ')}`
  return /poll/i.test(text)
}

/** Only where the loop is alive can an await be what everything waits for. */
export function loopIsAlive(view: View): boolean {
  const { main } = view
  if (main === null || main.last.state === 'stopped') return false
  return main.idle || main.last.state === 'idle' || (main.turns ?? 0) > 0
}
