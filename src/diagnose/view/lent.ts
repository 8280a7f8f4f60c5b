/** Who has what a pool lent, in words: for each group of members that are alike. */
import type { AwaitNode, MemberHolder, PoolFacts, PoolMember, Taking, WaitHolder, WaitKind } from '../../model/await.js'
import { isNearTimer, PATIENCE_MS, type Leaf } from './leaf.js'
import { fileLine, holderText } from './queue-words.js'
import { keeperText } from './retained.js'
import { threadWaitsText } from './thread-work.js'
import type { View } from './view.js'

const OUTSIDE: ReadonlySet<WaitKind> = new Set<WaitKind>([
  'socket',
  'http-request',
  'http2-stream',
  'file',
  'dns',
  'pool-request',
  'child',
  'worker',
  'unknown',
])
/** Node's objects on which an answer comes. */
const ASKING = /^(?:ClientRequest|IncomingMessage|Socket|TLSSocket|ClientHttp2Stream|ChildProcess|Worker)$/

/** By which a timer fires too late where the machine is crowded. */
const TIMER_LATE_MS = 1_000

const MOST_GROUPS = 4
const MOST_TAKINGS = 3

const DOING: Readonly<Record<PoolMember['doing'], string>> = {
  nothing: 'idling outside of the pool, with no command',
  unread: 'with an answer that nobody reads',
  busy: 'at work',
  unknown: '',
}

/** `; of those lent, 2 idling outside of the pool, with no command, lent to settle (orders.js:31), which awaits ...`. */
export function membersText(view: View, pool: PoolFacts): string {
  const groups = new Map<string, number>()
  for (const member of pool.members) {
    const doing = [member.what ?? '', DOING[member.doing], forText(view, member)]
      .filter((part) => part !== '')
      .join(' ')
    const inside = threadWaitsText(view, member.tid)
    const text = [doing, inside === '' ? '' : `where ${inside}`, heldText(view, member)]
      .filter((part) => part !== '')
      .join(', ')
    if (text !== '') groups.set(text, (groups.get(text) ?? 0) + member.count)
  }
  const texts = [...groups].slice(0, MOST_GROUPS).map(([text, count]) => `${count} ${text}`)
  return texts.length === 0 ? '' : `; of those lent, ${texts.join('; ')}`
}

/** What one at work does is told by its command, and by the function that waits for the reply. */
function forText(view: View, { heldBy, doing }: PoolMember): string {
  if (heldBy?.by !== 'function' || !(heldBy.reply === true || doing === 'busy')) return ''
  const peer = peerOf(view, heldBy.place)
  return `for ${holderText(heldBy.place)}${peer === null ? '' : `, which waits for a reply from ${peer}`}`
}

/** Whom a function waits for to reply on a connection; a command that blocks there by itself is owed none. */
function peerOf(view: View, place: WaitHolder): string | null {
  const wait = awaitedBy(view, place)?.waitsFor
  return wait?.kind === 'socket' && wait.blocking === undefined ? (wait.peer ?? null) : null
}

/** The peers that those at work wait for. */
export function peersOf(view: View, { members }: PoolFacts): string[] {
  const peers = members.flatMap(({ heldBy }) => (heldBy?.by === 'function' ? (peerOf(view, heldBy.place) ?? []) : []))
  return [...new Set(peers)]
}

function heldText(view: View, member: PoolMember): string {
  const { heldBy } = member
  if (heldBy === undefined || forText(view, member) !== '') return ''
  switch (heldBy.by) {
    case 'function':
      return `lent to ${holderText(heldBy.place)}${awaitedText(view, heldBy.place)}`
    case 'variable':
      return `held by ${keeperText({ parts: heldBy.parts, declared: heldBy.declared, by: 'root' })}`
    case 'callback':
      return `held by ${callbackText(heldBy)}`
    case 'nobody':
      return 'which nothing alive has but the pool'
    default:
      return heldBy satisfies never
  }
}

/** `a callback of a timer, remind (orders.js:45)` */
function callbackText({ of, place }: Extract<MemberHolder, { by: 'callback' }>): string {
  const whose = of === 'Timeout' || of === 'Immediate' ? ' of a timer' : of === '' ? '' : ` of ${of}`
  return `a callback${whose}, ${holderText(place)}`
}

/** `, which awaits GET http://..., sent, no answer`; '' when that is not listed. */
function awaitedText(view: View, place: WaitHolder): string {
  const peer = peerOf(view, place)
  if (peer !== null) return `, which waits for a reply from ${peer}`
  const wait = awaitedBy(view, place)?.waitsFor
  return wait == null || wait.kind === 'unknown' ? '' : `, which awaits ${wait.summary}`
}

/**
 * The innermost wait of its chain. Of several functions in one place it may be any: one that works with what it took rather
 * than one that waits for its turn to take it.
 */
function awaitedBy(view: View, place: WaitHolder): AwaitNode | null {
  const waits = (view.last.awaits?.awaits ?? []).filter(
    (each) =>
      each.waitsFor !== null &&
      each.waitsFor.kind !== 'await' &&
      [each, ...each.awaitedBy].some((frame) => isSame(frame, place)),
  )
  return waits.find(({ waitsFor }) => waitsFor?.kind !== 'pool') ?? waits[0] ?? null
}

/** Functions that stand in that place themselves, whoever they wait for. */
export function holderNodes({ last }: View, place: WaitHolder): readonly AwaitNode[] {
  return (last.awaits?.awaits ?? []).filter((each) => isSame(each, place))
}

/**
 * Whether who has a member goes on by a timer that is due soon: as slow as its work is, it comes back. Not one that was seen there for
 * longer than its timer is long: it sets a new one each time.
 *
 * @param waits with those that are no stall by themselves
 */
export function isTimed({ members }: PoolFacts, leaf: Leaf, waits: readonly Leaf[]): boolean {
  const { holders = [] } = leaf.waits
  const queued = [leaf.node, ...leaf.node.awaitedBy]
  const places = [...members.flatMap(({ heldBy }) => (heldBy?.by === 'function' ? [heldBy.place] : [])), ...holders]
  return waits.some((each) => {
    const { node } = each
    if (!isNearTimer(each) || (node.seenMs ?? 0) > (each.waits.afterMs ?? 0) + TIMER_LATE_MS) return false
    // Of a pool that runs what it is handed (`pool.use(task)`), who has a member stands where others wait for one.
    if (isSame(node, leaf.node) && node.column === leaf.node.column) return true
    return [node, ...node.awaitedBy].some(
      (frame) => places.some((place) => isSame(frame, place)) || queued.some((other) => isPast(frame, other)),
    )
  })
}

/** Stands further on in the function in which another one waits for a member: it may have got one there. */
function isPast(frame: WaitHolder, other: WaitHolder): boolean {
  if (frame.function === null || frame.function !== other.function || frame.file !== other.file) return false
  const [line, column] = [frame.line ?? 0, frame.column ?? 0]
  return line > (other.line ?? 0) || (line === other.line && column > (other.column ?? 0))
}

/** For how long those at work have been at it, at least; null where one of them does not tell. */
export function atWorkForMs(view: View, { members }: PoolFacts): number | null {
  const ages = members.map(({ heldBy }) => {
    const node = heldBy?.by === 'function' ? awaitedBy(view, heldBy.place) : null
    const known = [node?.seenMs ?? null, node?.waitsFor?.sinceMs ?? null].filter((age) => age !== null)
    return known.length === 0 ? null : Math.max(...known)
  })
  return ages.includes(null) || ages.length === 0 ? null : Math.min(...ages.map((age) => age ?? 0))
}

/**
 * Its command runs, or who has it waits for something that the world outside will answer, or for what is not known: that
 * is load, as far as one can tell.
 */
export function isAtWork(view: View, { doing, heldBy }: PoolMember): boolean {
  if (doing === 'busy') return true
  if (heldBy?.by === 'callback') return ASKING.test(heldBy.of)
  if (heldBy?.by !== 'function') return false
  const kind = awaitedBy(view, heldBy.place)?.waitsFor?.kind ?? 'unknown'
  return OUTSIDE.has(kind)
}

function isSame(a: Pick<WaitHolder, 'function' | 'file' | 'line'>, b: WaitHolder): boolean {
  return a.function === b.function && a.file === b.file && a.line === b.line
}

/**
 * Where no earlier look says too that nobody has one, what was read may be of a process that moves: then it is not said
 * at all. One other look is enough: on a crowded machine some are cut short.
 */
export function confirmedPool(view: View, leaf: Leaf, pool: PoolFacts): PoolFacts {
  if (!pool.members.some(hasNobody)) return pool
  const earlier = view.evidence.looks.slice(0, -1).filter(({ awaits }) => awaits !== null)
  const isAlone = earlier.length === 0
  const says = earlier.some((look) =>
    (look.awaits?.awaits ?? []).some(
      ({ waitsFor }) => waitsFor?.pool?.owner === pool.owner && waitsFor.pool.members.some(hasNobody),
    ),
  )
  // Of one that waits for longer than the looks are apart, each earlier look may have been cut short.
  if (isAlone || says || (leaf.ageMs ?? 0) >= PATIENCE_MS) return pool
  const { takenIn: _, ...rest } = pool
  const members = pool.members.map((member): PoolMember => {
    const { heldBy: __, ...facts } = member
    return hasNobody(member) ? facts : member
  })
  return { ...rest, members }
}

export function hasNobody({ heldBy }: PoolMember): boolean {
  return heldBy?.by === 'nobody'
}

/** `; whoever took those left without giving them back`, and where such members are taken. */
export function lostText(pool: PoolFacts): string {
  const lost = pool.members.filter(hasNobody)
  const one = lost.reduce((sum, { count }) => sum + count, 0) === 1
  const [first] = lost
  if (first === undefined) return ''
  const words = pool.lends === 'streams' ? STREAMS : first.doing === 'unread' ? ANSWERS : MEMBERS
  const left = one ? words.leftOne : words.leftMany
  return `; whoever ${left}${takenText(pool.takenIn ?? [], words)}`
}

interface Words {
  readonly leftOne: string
  readonly leftMany: string
  readonly takes: string
  readonly takenIn: string
  /** What is left out. */
  readonly without: string
  readonly never: string
}

const MEMBERS: Words = {
  leftOne: 'took that one left without giving it back',
  leftMany: 'took those left without giving them back',
  takes: 'takes such ones',
  takenIn: 'taken',
  without: 'without giving one back',
  never: 'never gives one back',
}
const ANSWERS: Words = {
  leftOne: 'asked for that one left without reading it',
  leftMany: 'asked for those left without reading them',
  takes: 'asks for such ones',
  takenIn: 'asked for',
  without: 'without reading one',
  never: 'never reads one',
}
const STREAMS: Words = {
  leftOne: 'opened that one left without ending it',
  leftMany: 'opened those left without ending them',
  takes: 'opens such ones',
  takenIn: 'opened',
  without: 'without ending one',
  never: 'never ends or cancels one',
}

/** One place alone is named as it is; of several nobody can tell which one it was. */
function takenText(takings: readonly Taking[], words: Words): string {
  const [only, ...others] = takings
  if (only === undefined) return ''
  if (others.length === 0) return `: ${holderText(only)} ${words.takes}${leavesText(only, ' and', words)}`
  const leaving = takings.filter(({ leaves }) => leaves !== undefined && leaves.word !== 'error')
  const list = takings.slice(0, MOST_TAKINGS).map(holderText).join(', ')
  const more = takings.length > MOST_TAKINGS ? ` and ${takings.length - MOST_TAKINGS} more` : ''
  const [sole] = leaving.length === 1 ? leaving : []
  const which =
    sole === undefined
      ? ''
      : `; of these only ${sole.function ?? 'an anonymous function'}${leavesText(sole, '', words)}`
  return `: ${words.takenIn} in one of ${list}${more}${which}`
}

function leavesText({ leaves }: Taking, and: string, { without, never }: Words): string {
  if (leaves === undefined) return ''
  const at = fileLine(leaves)
  switch (leaves.word) {
    case 'never':
      return `${and} ${never}`
    case 'error':
      return `${and} leaves ${without} when the await there fails (${at})`
    default:
      return `${and} leaves ${without} by the ${leaves.word} there (${at})`
  }
}
