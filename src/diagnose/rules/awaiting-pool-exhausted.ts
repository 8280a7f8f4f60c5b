/**
 * `awaiting/pool-exhausted`: every member of a pool is lent, and somebody waits for one. The peer is not to blame: what
 * is lent has to be given back. A lent member that runs nothing, and that no suspended function holds, never will be.
 */
import type { PoolFacts } from '../../model/await.js'
import type { Confidence } from '../../model/verdict.js'
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import { capByAge, capByLooks, leafCandidate, leavesOf, loopIsAlive, waitingOf, type Leaf } from '../view/leaf.js'
import {
  atWorkForMs,
  confirmedPool,
  hasNobody,
  holderNodes,
  isAtWork,
  isTimed,
  lostText,
  membersText,
  peersOf,
} from '../view/lent.js'
import { holderText } from '../view/queue-words.js'
import { keeperText } from '../view/retained.js'
import type { View } from '../view/view.js'
import { wentOnFrom } from '../view/went-on.js'

export function awaitingPoolExhausted(view: View): readonly Candidate[] {
  if (!loopIsAlive(view)) return []
  return leavesOf(view)
    .filter((leaf) => leaf.cause === 'pool-exhausted')
    .flatMap((leaf) =>
      leaf.waits.pool === undefined ? [] : exhausted(view, leaf, confirmedPool(view, leaf, leaf.waits.pool)),
    )
}

function exhausted(view: View, leaf: Leaf, pool: PoolFacts): Candidate {
  const leaked = isLeak(leaf, pool)
  return leafCandidate(view, leaf, {
    cause: 'pool-exhausted',
    waitsFor: `${whatText(leaf, pool)}: ${figures(pool)}${membersText(view, pool)}${whoText(leaf, pool, leaked)}`,
    signs: signsOf(leaf, pool, leaked),
    ...capOf(view, leaf, pool, leaked),
    needsNoCpu: leaked,
    weight: weightOf(view, pool),
    refutedBy: 'A member given back between two looks, or the queue getting shorter.',
    nextStep: nextOf(view, leaf, pool, leaked),
  })
}

function weightOf(view: View, pool: PoolFacts): number {
  // What a worker's task waits for, or computes, is listed itself.
  if (pool.lends === 'workers') return 15
  // What the members at work wait for is told with them: it is why none comes back.
  return !pool.members.some((member) => isAtWork(view, member)) ? 44 : isFull(pool) ? 33 : 25
}

function whatText({ waits }: Leaf, pool: PoolFacts): string {
  const request = waits.url === undefined ? '' : ` for ${waits.method ?? ''} ${waits.url}, which is not sent yet`
  if (pool.lends === 'workers') return `a free worker of the pool (${pool.owner})`
  if (pool.lends === 'streams')
    return `a stream of its HTTP/2 session (${pool.owner}, the peer allows ${pool.size} at a time)${request}`
  return request === '' ? `a connection of the pool (${pool.owner})` : `a socket of its agent (${pool.owner})${request}`
}

/** `5 of 5 lent, 0 idle, 3 queued` */
function figures({ lent, size, idle, queued }: PoolFacts): string {
  const parts = [
    lent === null ? 'how many connections are lent is not known' : `${lent}${size === null ? '' : ` of ${size}`} lent`,
    ...(idle === null ? [] : [`${idle} idle`]),
    ...(queued === null ? [] : [`${queued} queued`]),
  ]
  return parts.join(', ')
}

/** Who has them, where the members themselves do not say it. */
function whoText({ waits }: Leaf, pool: PoolFacts, leaked: boolean): string {
  if (pool.members.some(({ heldBy }) => heldBy !== undefined)) return lostText(pool)
  const names = (waits.holders ?? []).slice(0, 3).map(holderText)
  if (names.length > 0) return `; held by ${names.join(', ')}`
  return leaked ? '; no suspended function holds one: they may not have been given back' : ''
}

/** Nobody who could give one back has any of them: each is lost, or runs nothing and nobody was found. */
function isLeak({ waits }: Leaf, { members }: PoolFacts): boolean {
  if (members.length === 0) return false
  if ((waits.holders ?? []).length > 0) return false
  return members.every(
    ({ heldBy, doing }) =>
      heldBy?.by === 'nobody' || (heldBy === undefined && (doing === 'nothing' || doing === 'unread')),
  )
}

function signsOf({ waits }: Leaf, pool: PoolFacts, leaked: boolean): Sign[] {
  const signs: Sign[] = [strong(`it is in the queue ${pool.owner}`)]
  if (pool.idle === 0) signs.push(strong('no member of the pool is idle'))
  if (pool.size !== null && pool.lent !== null && pool.lent >= pool.size) signs.push(strong('all of them are lent'))
  const lost = pool.members.filter(hasNobody)
  if (lost.length > 0) signs.push(strong('nothing alive but the pool has what is lent: what took it has ended'))
  else if (leaked) signs.push(weak('what is lent runs nothing, and no suspended function holds it'))
  if ((waits.holders ?? []).length > 0) signs.push(weak('suspended functions hold what is lent'))
  if (pool.members.some(({ heldBy }) => heldBy?.by === 'variable' || heldBy?.by === 'callback'))
    signs.push(strong('the application keeps what is lent'))
  return signs
}

function isFull({ size, lent, idle }: PoolFacts): boolean {
  return size !== null && lent !== null && lent >= size && idle === 0
}

function worksIn(view: View, pool: PoolFacts): boolean {
  if (pool.members.some((member) => isAtWork(view, member))) return true
  return view.evidence.looks.some((look) =>
    (look.awaits?.awaits ?? []).some(
      ({ waitsFor }) =>
        waitsFor?.pool?.owner === pool.owner &&
        waitsFor.pool.members.some((member) => isAtWork({ ...view, last: look }, member)),
    ),
  )
}

/**
 * Members at work and a queue before them are what a busy pool looks like: only age tells a stall from load. Between two
 * commands a member looks like one that runs nothing: that it was at work in one look is enough. Who waits has
 * none of its own, and is ranked by how long those at work have been at it.
 */
function capOf(
  view: View,
  leaf: Leaf,
  pool: PoolFacts,
  leaked: boolean,
): { readonly cap: Confidence; readonly ranksAs?: Confidence } {
  const working = worksIn(view, pool)
  const cap = working ? capByAge(view, leaf) : capByLooks(view, leaf)
  const full = isFull(pool)
  if (leaked && full && pool.members.some(hasNobody)) return { cap: cap === 'low' ? 'medium' : cap }
  if (!view.silent && !leaked && isServed(view, leaf, pool)) return { cap: 'low' }
  const ageMs = working && full ? atWorkForMs(view, pool) : null
  const ranked = ageMs === null ? {} : { ranksAs: capByAge(view, { ...leaf, ageMs: Math.max(ageMs, leaf.ageMs ?? 0) }) }
  // Without its own figures a queue of a pool is only likely to be one.
  return { cap: full || cap === 'low' ? cap : 'medium', ...ranked }
}

/** Who has a member goes on by a timer, or who had one in an earlier look went on; where nobody is known to have one, who waited for it did. */
function isServed(view: View, leaf: Leaf, pool: PoolFacts): boolean {
  const { members } = pool
  if (members.some(hasNobody)) return false
  if (isTimed(pool, leaf, waitingOf(view))) return true
  const holders = members.flatMap(({ heldBy }) => (heldBy?.by === 'function' ? holderNodes(view, heldBy.place) : []))
  if (holders.length === 0)
    return members.every(({ heldBy }) => heldBy === undefined) && wentOnFrom(view, leaf.node) === 'gone'
  return holders.some((node) => wentOnFrom(view, node) === 'gone')
}

function nextOf(view: View, { waits }: Leaf, pool: PoolFacts, leaked: boolean): string {
  const { members, takenIn = [] } = pool
  if (pool.lends === 'streams') return nextOfStreams(pool)
  if (pool.lends === 'workers')
    return 'See what the tasks do that the workers were given (what they wait for is in the list), and give each a time-out (an AbortSignal ends its worker).'
  if (members.some((member) => member.doing === 'unread'))
    return `Read or destroy the body of every response${takenIn.length === 0 ? '' : `, in ${takenIn.slice(0, 3).map(holderText).join(', ')} first`}: a socket whose answer is not read goes to nobody else.`
  const lost = members.some(hasNobody)
  if (lost && takenIn.length > 0)
    return `Release in finally what ${takenIn.slice(0, 3).map(holderText).join(', ')} ${takenIn.length === 1 ? 'takes' : 'take'}: one way out of it gives nothing back.`
  if (lost || leaked)
    return 'Find the path that takes a connection and returns without giving it back (an early return or throw): release it in finally.'
  const kept = members.flatMap(({ heldBy }) => (heldBy?.by === 'variable' || heldBy?.by === 'callback' ? [heldBy] : []))
  const [first] = kept
  if (first !== undefined)
    return `Find out when ${first.by === 'variable' ? keeperText({ ...first, by: 'root' }) : holderText(first.place)} gives back what it keeps: until then the pool is so much smaller.`
  const peers = peersOf(view, pool)
  if (peers.length > 0)
    return `Ask ${peers.slice(0, 3).join(', ')} what it does for those that are lent (a lock? a slow query?), and give these calls a time-out: until they end, none of the pool comes back.`
  if ((waits.holders ?? []).length > 0)
    return 'Check what the holders of the connections wait for (their awaits are in the list), and make sure that none takes a second one meanwhile.'
  return 'Find out who holds the lent connections: one was not given back, or the work on each does not end.'
}

function nextOfStreams({ members, takenIn = [] }: PoolFacts): string {
  const first = takenIn.length === 0 ? '' : `, in ${takenIn.slice(0, 3).map(holderText).join(', ')} first`
  if (members.some(({ doing, heldBy }) => doing !== 'busy' || heldBy?.by === 'nobody'))
    return `End or cancel what was opened and is not needed any more${first}, give calls a deadline, and long streams a channel of their own: an open stream takes a place until one of both sides ends it.`
  return 'See what the peer does with the calls that it has (it owes an answer to each), give calls a deadline, or spread them over several channels.'
}
