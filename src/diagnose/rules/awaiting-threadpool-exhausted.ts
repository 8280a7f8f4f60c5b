/**
 * `awaiting/threadpool-exhausted`: every thread of libuv's pool is in a call that does not return, and requests queue
 * behind them. Look-ups may use only half of the threads, so they are exhausted earlier. Threads that compute (hashes of
 * passwords, keys, compression) are at work: jobs of one class look the same, and the next one follows.
 */
import type { WaitKind } from '../../model/await.js'
import type { PoolState, PoolWork } from '../../model/loop.js'
import type { Confidence, VerdictPlace } from '../../model/verdict.js'
import { originOf } from '../../source/origin.js'
import { placeText } from '../view/blame.js'
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import { leavesOf, loopIsAlive, type Leaf } from '../view/leaf.js'
import { plural } from '../view/phrases.js'
import { pointersOfAwait } from '../view/pointers.js'
import type { View } from '../view/view.js'

const LOOKUPS = new Set(['getaddrinfo', 'getnameinfo'])
/** Newer lines of Node (26 does) read a whole file by a job of its own. */
const FILES = new Set(['fs', 'ReadFileJob'])
const POOL_CAUSES = new Set(['file', 'dns', 'unknown'])

export function awaitingThreadpoolExhausted(view: View): readonly Candidate[] {
  const pools = view.evidence.looks.map((look) => look.pool).filter((pool) => pool !== null)
  const last = pools.at(-1)
  if (!loopIsAlive(view) || last === undefined) return []
  const kind = exhaustion(last)
  if (kind === null) return []
  // The same work in the same thread in every look: it hangs, it is not merely busy.
  const hanging = last.running.filter((work) =>
    pools.every((pool) => pool.running.some((each) => sameWork(each, work))),
  )
  if (hanging.length < (kind === 'all' ? last.size : lookupLimit(last))) return []
  const culprit = culpritOf(hanging, last.queued, view)
  const computes = pools.some((pool) => pool.running.some(isComputing))
  const signs: Sign[] = [
    computes
      ? weak(`${hanging.length} of ${last.size} pool threads compute`)
      : strong(`${hanging.length} of ${last.size} pool threads are in a call that has not returned`),
    strong(`${plural(last.queued.length, 'request')} queued behind them`),
  ]
  if (pools.length > 1) signs.push(weak(`the same work in ${pools.length} looks`))
  return [
    {
      kind: 'awaiting',
      cause: 'threadpool-exhausted',
      where: culprit.where,
      chain: culprit.leaf?.blame.chain ?? [],
      summary: `${computes ? "What needs libuv's thread pool waits for its turn" : "Nothing that needs libuv's thread pool makes progress"}: ${hangingText(kind, last, computes)}${computes ? '' : ' in'} ${workText(hanging)}${roleText(culprit, hanging)}; ${plural(last.queued.length, 'request')} ${last.queued.length === 1 ? 'is' : 'are'} queued.`,
      evidence: culprit.leaf === null ? [] : pointersOfAwait(view, culprit.leaf.index),
      signs,
      ...capOf(computes, pools.length > 1, view.silent),
      weight: 65,
      refutedBy: 'A pool thread whose work changes between two looks.',
      nextStep: computes
        ? 'If it is like that for long, do less of such work at a time, or raise UV_THREADPOOL_SIZE where CPUs are free.'
        : `Find out ${culprit.role === 'asked' ? 'why this call does not return' : 'who makes this call and why it does not return'} (${reasonsFor(hanging, view)}); UV_THREADPOOL_SIZE only delays it.`,
    },
  ]
}

function exhaustion(pool: PoolState): 'all' | 'lookups' | null {
  if (pool.queued.length === 0) return null
  if (pool.idle === 0 && pool.running.length >= pool.size) return 'all'
  const looking = pool.running.filter((work) => LOOKUPS.has(work.kind)).length
  return looking >= lookupLimit(pool) && pool.queued.some((work) => LOOKUPS.has(work.kind)) ? 'lookups' : null
}

/** What keeps such calls, as a rule. */
function reasonsFor(hanging: readonly PoolWork[], view: View): string {
  const lookups = hanging.filter((work) => LOOKUPS.has(work.kind)).length
  const server = `a DNS server that is silent${nameservers(view)}`
  if (lookups === hanging.length) return server
  return `a FIFO without a writer, a dead mount${lookups > 0 ? `, ${server}` : ''}`
}

/** What computes gets on; for how long a silent clock waits for it tells whether that is too long. */
function capOf(computes: boolean, again: boolean, silent: boolean): { readonly cap?: Confidence } {
  if (computes) return { cap: silent ? 'medium' : 'low' }
  return again || silent ? {} : { cap: 'medium' }
}

function isComputing({ kind, syscall }: PoolWork): boolean {
  return syscall === 'running' && !FILES.has(kind) && !LOOKUPS.has(kind)
}

function hangingText(kind: 'all' | 'lookups', pool: PoolState, computes: boolean): string {
  if (computes && kind === 'all')
    return pool.size === 1 ? 'its only thread is busy with' : `all ${pool.size} threads are busy with`
  if (kind === 'all') return pool.size === 1 ? 'its only thread hangs' : `all ${pool.size} threads hang`
  const limit = lookupLimit(pool)
  const does = computes ? ['is busy with', 'are busy with'] : ['hangs', 'hang']
  return limit === 1
    ? `the one thread that may do look-ups ${does[0]}`
    : `all threads that may do look-ups (${limit}) ${does[1]}`
}

/** libuv's slow_work_thread_threshold (src/threadpool.c). */
function lookupLimit(pool: PoolState): number {
  return Math.floor((pool.size + 1) / 2)
}

function sameWork(one: PoolWork, other: PoolWork): boolean {
  return one.tid === other.tid && one.kind === other.kind && one.what === other.what && !isAnotherCall(one, other)
}

/** A call for a file that hangs is in the kernel in every look, with the same arguments. */
function isAnotherCall(one: PoolWork, other: PoolWork): boolean {
  if (!FILES.has(one.kind) || one.syscall === undefined || other.syscall === undefined) return false
  return one.syscall !== other.syscall || one.syscall === 'running'
}

/** `behind`: it is a victim, queued itself. `perhaps`: it waits for such work, but for which one is not known. */
type Role = 'asked' | 'behind' | 'perhaps'

interface Culprit {
  readonly where: VerdictPlace | null
  readonly leaf: Leaf | null
  readonly role: Role
}

/** Who asked for most of the hanging work; else who waits for it, or may; else who is stuck in the queue behind it. */
function culpritOf(hanging: readonly PoolWork[], queue: readonly PoolWork[], view: View): Culprit {
  const leaves = leavesOf(view)
    .filter((leaf) => POOL_CAUSES.has(leaf.cause) && leaf.waits.kind !== 'emitter')
    .toSorted(
      (a, b) => Number(a.waits.queued === true) - Number(b.waits.queued === true) || b.node.count - a.node.count,
    )
  const by = askerOf(hanging)
  if (by?.file != null && by.line !== null) {
    const leaf = leaves.find((each) => each.blame.where?.file === by.file && each.blame.where.line === by.line) ?? null
    return {
      where: leaf?.blame.where ?? { function: by.function, file: by.file, line: by.line, column: by.column },
      leaf,
      role: 'asked',
    }
  }
  const free = leaves.filter(({ waits }) => waits.queued !== true)
  const asked =
    free.find((leaf) => isFor(leaf, hanging) && !mayBeQueued(leaf, queue)) ??
    free.find((leaf) => leaf.waits.queued === false && mayBeFor(leaf, hanging))
  if (asked !== undefined) return { where: asked.blame.where, leaf: asked, role: 'asked' }
  const perhaps = free.find((leaf) => mayBeFor(leaf, hanging))
  const behind = leaves.find(({ waits }) => waits.queued === true)
  const leaf = perhaps ?? behind ?? free.find(({ waits }) => waits.kind === 'unknown') ?? null
  return { where: leaf?.blame.where ?? null, leaf, role: leaf !== null && leaf === behind ? 'behind' : 'perhaps' }
}

/** The place in the user's code that asked for most of it. */
function askerOf(hanging: readonly PoolWork[]): PoolWork['queuedBy'] {
  const places = new Map<string, { count: number; by: NonNullable<PoolWork['queuedBy']> }>()
  for (const { queuedBy } of hanging) {
    if (queuedBy === undefined || originOf(queuedBy.file) !== 'user') continue
    const key = `${queuedBy.file}:${queuedBy.line}`
    places.set(key, { count: (places.get(key)?.count ?? 0) + 1, by: queuedBy })
  }
  return [...places.values()].toSorted((a, b) => b.count - a.count)[0]?.by
}

function targetOf({ waits }: Leaf): string | undefined {
  return waits.path ?? waits.host
}

function isFor(leaf: Leaf, hanging: readonly PoolWork[]): boolean {
  const target = targetOf(leaf)
  return target !== undefined && hanging.some((work) => work.what === target)
}

/** The queue has as many requests for the very same as wait for it here: they may all be victims. */
function mayBeQueued(leaf: Leaf, queue: readonly PoolWork[]): boolean {
  if (leaf.waits.queued !== undefined) return leaf.waits.queued
  return queue.filter((work) => work.what === targetOf(leaf)).length >= leaf.node.count
}

/** Of the same kind, and not known to be for something else: work may name nothing. */
function mayBeFor(leaf: Leaf, hanging: readonly PoolWork[]): boolean {
  const target = targetOf(leaf)
  return hanging.some(
    (work) =>
      waitKindOf(work) === leaf.waits.kind && (target === undefined || work.what === null || work.what === target),
  )
}

function waitKindOf(work: PoolWork): WaitKind {
  if (LOOKUPS.has(work.kind)) return 'dns'
  return FILES.has(work.kind) ? 'file' : 'pool-request'
}

function roleText({ where, role }: Culprit, hanging: readonly PoolWork[]): string {
  if (where === null) return ''
  const place = placeText(where)
  if (role === 'behind') return `, and ${place} waits behind ${hanging.length === 1 ? 'it' : 'them'}`
  return role === 'asked' ? `, asked for by ${place}` : `, perhaps asked for by ${place}`
}

function workText(hanging: readonly PoolWork[]): string {
  const names = new Set(hanging.map((work) => `${work.kind}${work.what === null ? '' : ` ${work.what}`}`))
  const [first = 'work', ...others] = names
  return others.length === 0 ? first : `${first} and ${plural(others.length, 'other')}`
}

function nameservers(view: View): string {
  const servers = view.last.kernel?.nameservers ?? []
  return servers.length === 0 ? '' : `: ${servers.join(', ')}`
}
