/**
 * `awaiting/pool-exhausted`: every member of a pool is lent, and somebody waits for one. The peer is not to blame: what
 * is lent has to be given back. A lent member that runs nothing, and that no suspended function holds, never will be.
 */
import type { PoolFacts, PoolMember } from '../../model/await.js'
import type { Confidence } from '../../model/verdict.js'
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import { capByAge, capByLooks, leafCandidate, leavesOf, loopIsAlive, type Leaf } from '../view/leaf.js'
import { holderText } from '../view/queue-words.js'
import type { View } from '../view/view.js'

export function awaitingPoolExhausted(view: View): readonly Candidate[] {
  if (!loopIsAlive(view)) return []
  return leavesOf(view)
    .filter((leaf) => leaf.cause === 'pool-exhausted')
    .flatMap((leaf) => (leaf.waits.pool === undefined ? [] : exhausted(view, leaf, leaf.waits.pool)))
}

function exhausted(view: View, leaf: Leaf, pool: PoolFacts): Candidate {
  const leaked = isLeak(leaf, pool)
  return leafCandidate(view, leaf, {
    cause: 'pool-exhausted',
    waitsFor: `${whatText(leaf, pool)}: ${figures(pool)}${membersText(pool)}${holdersText(leaf, leaked)}`,
    signs: signsOf(leaf, pool, leaked),
    cap: capOf(view, leaf, pool, leaked),
    needsNoCpu: leaked,
    // What the members at work wait for comes first: it is why none comes back.
    weight: pool.members.some((member) => member.doing === 'busy') ? 25 : 44,
    refutedBy: 'A member given back between two looks, or the queue getting shorter.',
    nextStep: nextOf(leaf, pool, leaked),
  })
}

function whatText({ waits }: Leaf, pool: PoolFacts): string {
  const request = waits.url === undefined ? '' : ` for ${waits.method ?? ''} ${waits.url}, which is not sent yet`
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

const DOING: Readonly<Record<PoolMember['doing'], string>> = {
  nothing: 'idling outside of the pool, with no command',
  unread: 'with an answer that nobody reads',
  busy: 'at work',
  unknown: '',
}

function membersText(pool: PoolFacts): string {
  const groups = new Map<string, number>()
  for (const member of pool.members) {
    const text = [member.what ?? '', DOING[member.doing]].filter((part) => part !== '').join(' ')
    if (text !== '') groups.set(text, (groups.get(text) ?? 0) + member.count)
  }
  const texts = [...groups].slice(0, 4).map(([text, count]) => `${count} ${text}`)
  return texts.length === 0 ? '' : `; of those lent, ${texts.join('; ')}`
}

function holdersText({ waits }: Leaf, leaked: boolean): string {
  const names = (waits.holders ?? []).slice(0, 3).map(holderText)
  if (names.length > 0) return `; held by ${names.join(', ')}`
  return leaked ? '; no suspended function holds one: they were not given back' : ''
}

/** Every lent member runs nothing, and nobody who could give it back has it. */
function isLeak({ waits }: Leaf, pool: PoolFacts): boolean {
  if ((waits.holders ?? []).length > 0 || pool.members.length === 0) return false
  return pool.members.every((member) => member.doing === 'nothing' || member.doing === 'unread')
}

function signsOf({ waits }: Leaf, pool: PoolFacts, leaked: boolean): Sign[] {
  const signs: Sign[] = [strong(`it is in the queue ${pool.owner}`)]
  if (pool.idle === 0) signs.push(strong('no member of the pool is idle'))
  if (pool.size !== null && pool.lent !== null && pool.lent >= pool.size) signs.push(strong('all of them are lent'))
  if (leaked) signs.push(strong('what is lent runs nothing, and nobody holds it'))
  else if ((waits.holders ?? []).length > 0) signs.push(weak('suspended functions hold what is lent'))
  return signs
}

/** Members at work and a queue before them are what a busy pool looks like: only age tells a stall from load. */
function capOf(view: View, leaf: Leaf, pool: PoolFacts, leaked: boolean): Confidence {
  const working = pool.members.some((member) => member.doing === 'busy')
  const cap = working ? capByAge(view, leaf) : capByLooks(view, leaf)
  const full = pool.size !== null && pool.lent !== null && pool.lent >= pool.size && pool.idle === 0
  if (leaked && full) return cap === 'low' ? 'medium' : cap
  // Without its own figures a queue of a pool is only likely to be one.
  return full || cap === 'low' ? cap : 'medium'
}

function nextOf({ waits }: Leaf, pool: PoolFacts, leaked: boolean): string {
  if (pool.members.some((member) => member.doing === 'unread'))
    return 'Read or destroy the body of every response: a socket whose answer is not read goes to nobody else.'
  if (leaked)
    return 'Find the path that takes a connection and returns without giving it back (an early return or throw): release it in finally.'
  if ((waits.holders ?? []).length > 0)
    return 'Check what the holders of the connections wait for (their awaits are in the list), and make sure that none takes a second one meanwhile.'
  return 'Find out who holds the lent connections: one was not given back, or the work on each does not end.'
}
