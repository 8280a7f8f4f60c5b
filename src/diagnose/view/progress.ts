/**
 * What proves that a process gets on. A turning loop does not: timers turn it. A clock that beats does, and between two
 * looks an await that moved, a request that was answered, data that came and was read. I/O events alone may be V8's own
 * (its background threads wake the loop), so they count only where nothing stands still beside them.
 */
import type { AwaitNode, AwaitTree } from '../../model/await.js'
import type { Look } from '../../model/evidence.js'
import type { SocketState } from '../../model/socket.js'
import { originOf } from '../../source/origin.js'
import { frameOf, originOfFrame } from './blame.js'
import { strong, weak, type Sign } from './candidate.js'
import { isNearTimer, waitingOf, type Leaf } from './leaf.js'
import { plural, seconds } from './phrases.js'
import { keyOf } from './places.js'
import {
  begunSince,
  betweenIn,
  callNumber,
  callOf,
  isRenewed,
  isSettledBy,
  turningOf,
  turningText,
  unclearOf,
  unclearText,
  uncollectedSince,
} from './turning.js'
import { isTrying, tryingOf, tryingText } from './trying.js'
import { isOverdue, type View } from './view.js'

/** Fewer events than this a second may be the engine's own: on a crowded machine looks lie seconds apart. */
const TELLING_EVENTS = 5
/** Data that came earlier may be a ping: of those each has one between looks that lie far enough apart. */
const RECENT_MS = 2_000

export const BUSY_SHARE = 0.5
/** How the sign of data that came begins. */
export const DATA_CAME = 'data came on'

/** Each strong one is a proof. Empty: nothing was seen to move, or nothing could be compared. */
export function progressOf(view: View): readonly Sign[] {
  const alive = view.clocks.filter((clock) => !isOverdue(clock) && !clock.paused)
  const signs =
    alive.length === 0 ? [] : [strong(alive.length === 1 ? 'its clock beats' : `${alive.length} clocks beat`)]
  if (view.first === view.last) return signs
  const within = `in ${seconds(view.spanMs)}`
  for (const leaf of turningOf(view)) signs.push(weak(turningText(leaf)))
  for (const each of tryingOf(view)) signs.push(weak(tryingText(each)))
  const moved = movedAwaits(view)
  const own = moved > 0 && userStands(view) ? movedAwaits(view, isOfUser) : moved
  if (own > 0) signs.push(strong(`${plural(own, 'await')} moved on ${within}`))
  else if (moved > 0) signs.push(weak(`${plural(moved, 'await')} of packages moved on ${within}, and none of yours`))
  const answered = answeredRequests(view)
  if (answered > 0) signs.push(strong(`${plural(answered, 'request')} answered ${within}`))
  const received = receivingOf(view).length
  if (received > 0) signs.push(strong(`${DATA_CAME} ${plural(received, 'connection')} ${within} and was read`))
  return [...signs, ...eventSigns(view, within)]
}

/** Waits of the last look that nothing moved: a timer that was set since the first look is another one. */
export function pendingOf(view: View): readonly Leaf[] {
  return waitingOf(view)
    .filter(
      ({ node, waits }) => node.doubtful !== true && !isRenewed(view, node) && waits.event?.startsWith('SIG') !== true,
    )
    .toSorted((a, b) => pendingMs(b) - pendingMs(a))
}

/**
 * Whether something that the application itself awaits stands where it stood. Then the timers of a package's own poll loops are
 * no progress of it: they tick beside a task that is stuck as well. What waits for work (a read that blocks, a
 * subscription) is to stand.
 */
function userStands(view: View): boolean {
  const wakes = [...turningOf(view).map(({ node }) => node), ...unclearOf(view)]
  const settled = (view.last.awaits?.awaits ?? []).filter(
    ({ waitsFor, looks, doubtful }) =>
      waitsFor !== null && isSettledBy(waitsFor) && (looks ?? 1) > 1 && doubtful !== true,
  )
  if ([...wakes, ...settled].some(isOfUser)) return true
  const trying = tryingOf(view)
  return pendingOf(view).some(
    (leaf) =>
      leaf.blame.origin === 'user' &&
      !isNearTimer(leaf) &&
      !isTrying(trying, leaf.node) &&
      leaf.waits.blocking === undefined &&
      leaf.waits.subscribedTo === undefined,
  )
}

function isOfUser(node: AwaitNode): boolean {
  return [frameOf(node), ...node.awaitedBy].some((frame) => originOfFrame(frame) === 'user')
}

/** How long it surely waits; of a timer, since it was set. */
export function pendingMs({ ageMs, waits }: Leaf): number {
  return Math.max(ageMs ?? 0, waits.sinceMs ?? 0)
}

/** Functions that went on: whose timer is new, and those gone since the first look, unless they may have been garbage. */
function movedAwaits(view: View, counts: (node: AwaitNode) => boolean = () => true): number {
  const { first, last } = view
  if (first.awaits === null || last.awaits === null) return 0
  const trying = tryingOf(view)
  const without = (tree: AwaitTree): AwaitTree => ({
    ...tree,
    awaits: tree.awaits.filter((node) => counts(node) && !isTrying(trying, node)),
  })
  const now = without(last.awaits)
  const renewed = now.awaits
    .filter((node) => isRenewed(view, node) && callOf(view, node) === 'other')
    .reduce((sum, node) => sum + node.count, 0)
  const gone = goneSince(without(uncollectedSince(view)?.awaits ?? first.awaits), now)
  return renewed + gone + resumedIn(view, without(first.awaits), now)
}

/**
 * Functions that were being resumed when a look read them: they stand at an await, and the promise of it was gone. One
 * whose promise the engine can't read looks like that in every look: then something must have been begun besides.
 */
function resumedIn(view: View, first: AwaitTree, last: AwaitTree): number {
  const mayStand = last.awaits.filter((node) => {
    const call = callOf(view, node)
    return call === 'same' || call === 'unclear' || (node.awaitedBy.length > 0 && isUnseen(node))
  })
  const inPlace = new Set(mayStand.map(keyOf))
  const before = resumed(first, inPlace)
  const now = resumed(last, inPlace)
  const both = [...now].filter((key) => before.has(key)).length
  const either = new Set([...before, ...now]).size
  return either - both + (begunSince(view) > 0 ? both : 0)
}

/** What it waits for was not found because things moved meanwhile: it may be the call that was being resumed before. */
function isUnseen({ waitsFor }: AwaitNode): boolean {
  return waitsFor?.kind === 'unknown' && (waitsFor.changed === true || waitsFor.unproved !== undefined)
}

function resumed(tree: AwaitTree, inPlace: ReadonlySet<string>): ReadonlySet<string> {
  const keys = tree.awaits.flatMap((node) => {
    const resumes = node.waitsFor === null && node.kind === 'async function' && node.doubtful !== true
    return resumes && isApplication(node) ? [keyOf(node)] : []
  })
  return new Set(tree.cutShort === true ? [] : keys.filter((key) => !inPlace.has(key)))
}

/** 0 where a collection between the looks, or during the last one, may have taken what nobody could resume any more. */
function goneSince(first: AwaitTree, last: AwaitTree): number {
  if (first.collections === undefined || first.collections !== last.collections) return 0
  if (first.cutShort === true || last.cutShort === true || last.unsettled === true) return 0
  const left = countsOf(last.awaits)
  const before = first.awaits.filter((node) => node.doubtful !== true)
  // What a timer has woken and runs just now has not gone.
  const turning = new Set(before.flatMap((node) => (callNumber(node) === undefined ? [] : [keyOf(node)])))
  let gone = 0
  for (const [key, count] of countsOf(before)) {
    const away = count - (left.get(key) ?? 0)
    if (away > 0) gone += Math.max(0, away - (turning.has(key) ? betweenIn(last, key) : 0))
  }
  return gone
}

function countsOf(awaits: readonly AwaitNode[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const node of awaits) {
    if (!isApplication(node)) continue
    const key = keyOf(node)
    counts.set(key, (counts.get(key) ?? 0) + node.count)
  }
  return counts
}

function isApplication(node: AwaitNode): boolean {
  return [node, ...node.awaitedBy].some(({ file }) => originOf(file) !== 'node')
}

function answeredRequests({ first, last }: View): number {
  const key = ({ fd, method, path }: { fd?: number; method: string | null; path: string | null }): string =>
    [fd, method, path].join(' ')
  const open = new Set(last.awaits?.requests?.map(key))
  // One whose client went away was not answered.
  const connected = new Set(connectionsOf(last).map(({ fd }) => fd))
  if (last.awaits?.requests === undefined) return 0
  return (first.awaits?.requests ?? []).filter((each) => !open.has(key(each)) && connected.has(each.fd ?? -1)).length
}

/** Connections that brought something lately, since the first look; what lies unread was not taken. */
function receivingOf(view: View): readonly SocketState[] {
  const recentMs = Math.min(view.spanMs, RECENT_MS)
  return connectionsOf(view.last).filter(
    ({ lastReceivedMs, receiveQueueBytes }) =>
      lastReceivedMs !== null && lastReceivedMs < recentMs && receiveQueueBytes === 0,
  )
}

/**
 * A wait for a reply on a connection that brought something, and not this reply: pings, or answers to others. How old it is
 * can't be told, since the connection is never silent.
 */
export function waitBesidePings(view: View): Leaf | null {
  const receiving = new Set(receivingOf(view).map(({ fd }) => fd))
  const waits = pendingOf(view).filter(
    ({ cause, waits: { fd } }) => cause === 'socket-reply' && fd !== undefined && receiving.has(fd),
  )
  return waits.find(({ blame }) => blame.origin === 'user') ?? null
}

function connectionsOf({ kernel }: Look): readonly SocketState[] {
  return (kernel?.sockets ?? []).filter(({ family, state }) => family.startsWith('tcp') && state === 'ESTABLISHED')
}

function eventSigns(view: View, within: string): Sign[] {
  const before = view.main?.stacks[0]?.loop
  const now = view.main?.last.loop
  const events = (now?.events ?? 0) - (before?.events ?? 0)
  if (before?.events === undefined || events < TELLING_EVENTS * Math.max(1, view.spanMs / 1_000)) return []
  const text = `its event loop handled ${plural(events, 'I/O event')} ${within}`
  // Whoever computes makes garbage, whose collection wakes the loop too.
  const computes = wantedShare(view) >= BUSY_SHARE
  const stands =
    computes ||
    view.last.awaits === null ||
    view.last.awaits.cutShort === true ||
    pendingOf(view).length > 0 ||
    // What looks for something again and again makes events of its own.
    turningOf(view).length > 0 ||
    unclearText(view) !== null ||
    tryingOf(view).length > 0
  return [begunSince(view) > 0 && !stands ? strong(text) : weak(text)]
}

/** Share of the time that the main thread ran or waited for a CPU: on a crowded machine it gets less than it wants. */
export function wantedShare({ main }: View): number {
  return (main?.cpuShare ?? 0) + (main?.waitShare ?? 0)
}
