/** Of every pool that somebody waits for: who has each member that is lent, and where those without anybody are taken. */
import { performance } from 'node:perf_hooks'
import type { MemberHolder, PoolFacts, WaitFacts, WaitHolder } from '../../model/await.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { HeapPage } from '../../v8/heap/isolates.js'
import type { CodeScopes } from '../../v8/objects/code-scopes.js'
import type { ContainingObjects } from '../../v8/objects/containing-object.js'
import type { Objects } from '../../v8/objects/objects.js'
import { scriptPath } from '../../v8/objects/scripts.js'
import { packageOf } from '../../source/origin.js'
import type { Lent, TakingCall } from '../../source/given-back.js'
import type { NativeObjects } from '../resources/native-objects.js'
import { grouped, insideOf, type PoolReading } from '../resources/pools.js'
import type { Resources } from '../resources/resources.js'
import type { AwaitScan } from '../scan/await-scan.js'
import type { Suspended } from '../scan/suspended.js'
import { scanHolders } from '../search/reverse-scan.js'
import type { Finding } from '../search/wait-search.js'
import { HoldingFunctions, isApplications } from './functions-of.js'
import { holdersOf } from './holders-of.js'
import { LentEdges, partsOf } from './lent-edges.js'
import { takingsOf } from './takings.js'

/** Pools, and lent members of each, that are searched for. */
const MAX_POOLS = 8
const MAX_MEMBERS = 24
const MAX_NAMED = 5
const MAX_WAITERS = 20
/** A way may be found the long way round first. */
const MAX_DEPTH = 2_000
/** Promises that a client went through, most of them garbage: each has to be seen before nobody is said to have it. */
const MAX_ALIKE = 300
/** Of the time that is left, for the searches of one pool: the look has more to do. */
const SHARE = 0.4

export interface LendingContext {
  readonly objects: Objects
  readonly scopes: CodeScopes
  readonly natives: NativeObjects
  readonly resources: Resources
  readonly containing: ContainingObjects
  readonly scan: AwaitScan
  readonly pages: readonly HeapPage[]
  readonly findings: ReadonlyMap<Tagged, Finding>
  /** Promises that wait for a turn: what leads to them through a member is no reply. */
  readonly queued: ReadonlySet<Tagged>
  readonly deadlineMs: number
  place(generator: Tagged): WaitHolder[]
}

/** Completes the waits for pools in place. */
export function lendOut(
  waits: Map<Tagged, WaitFacts>,
  readings: ReadonlyMap<PoolFacts, PoolReading>,
  given: Omit<LendingContext, 'queued'>,
): void {
  const queued = new Set([...waits].flatMap(([promise, { kind }]) => (kind === 'pool' ? [promise] : [])))
  if (queued.size === 0) return
  const context: LendingContext = { ...given, queued }
  const done = new Map<Tagged, LentOut>()
  for (const [promise, wait] of waits) {
    const reading = wait.kind === 'pool' && wait.pool !== undefined ? readings.get(wait.pool) : undefined
    if (wait.kind !== 'pool' || wait.pool === undefined || reading === undefined) continue
    let known = done.get(reading.pool)
    if (known === undefined) {
      if (done.size >= MAX_POOLS) continue
      known = lending(reading, waitersOf(reading, waits, readings), context)
      done.set(reading.pool, known)
    }
    const { holders, ...lent } = known
    waits.set(promise, { ...wait, pool: { ...wait.pool, ...lent }, ...(holders.length === 0 ? {} : { holders }) })
  }
}

interface LentOut extends Pick<PoolFacts, 'members' | 'takenIn'> {
  readonly holders: readonly WaitHolder[]
}

/** The promises that wait for a member of the same pool. */
function waitersOf(
  { pool }: PoolReading,
  waits: ReadonlyMap<Tagged, WaitFacts>,
  readings: ReadonlyMap<PoolFacts, PoolReading>,
): Tagged[] {
  return [...waits].flatMap(([promise, { pool: facts }]) =>
    facts !== undefined && readings.get(facts)?.pool === pool ? [promise] : [],
  )
}

function lending(reading: PoolReading, waiting: readonly Tagged[], context: LendingContext): LentOut {
  const { objects, scan, findings } = context
  const untilMs = performance.now() + (context.deadlineMs - performance.now()) * SHARE
  const expired = (): boolean => performance.now() > untilMs
  const asked = reading.lentMembers.slice(0, MAX_MEMBERS).map(({ object }) => object)
  const functions = new HoldingFunctions(objects, scan)
  const holders = new Map<Tagged, MemberHolder>()
  const named = (found: ReadonlyMap<Tagged, Suspended>, more: { readonly reply?: true }): void => {
    for (const [member, one] of found) {
      const [place] = context.place(one.generator)
      if (place !== undefined && !holders.has(member)) holders.set(member, { by: 'function', place, ...more })
    }
  }
  const direct = functions.ofMembers(asked)
  named(new Map([...direct].filter(([, one]) => isApplications(one))), {})
  const atWork = reading.lentMembers.flatMap(({ object, facts }) =>
    facts.doing === 'busy' || facts.doing === 'unknown' ? [object] : [],
  )
  named(functions.ofReplies(atWork.slice(0, MAX_MEMBERS), findings, context.queued), { reply: true })
  const open = asked.filter((member) => !holders.has(member))
  // The others too: what leads to all of them alike is no holder.
  if (open.length > 0) {
    const found = search(reading, asked, waiting, functions, context, expired)
    for (const [member, holder] of found) if (!holders.has(member)) holders.set(member, holder)
  }
  // A package's own function that works with it for nobody.
  if (open.some((member) => !holders.has(member))) named(direct, {})
  withoutMoved(reading, holders, objects)
  const members = reading.lentMembers.map(({ object, facts }) => {
    const heldBy = holders.get(object)
    return heldBy === undefined ? facts : { ...facts, heldBy }
  })
  const isLost = [...holders.values()].some(({ by }) => by === 'nobody')
  const waiters = isLost
    ? waiting
        .slice(0, MAX_WAITERS)
        .flatMap((promise) => functions.waitersOf(promise))
        .filter(isApplications)
    : []
  const poolNames = isLost ? namesOf(reading.pool, context, expired) : []
  const taking = {
    objects,
    blocks: scan.blocks,
    lent: lentBy(reading),
    poolNames,
    ...openedBy(reading, holders),
    expired,
  }
  const takenIn = isLost ? takingsOf(waiters, taking) : []
  return {
    members: grouped(members),
    holders: distinct([...holders.values()]).slice(0, MAX_NAMED),
    ...(takenIn.length === 0 ? {} : { takenIn }),
  }
}

/**
 * What runs a command has somebody who waits for it, and what runs one by now, or is idle in its pool, went on during the
 * search: of neither is it said that nobody has it.
 */
function withoutMoved(
  { lentMembers, reread }: PoolReading,
  holders: Map<Tagged, MemberHolder>,
  objects: Objects,
): void {
  const lost = new Set([...holders].flatMap(([member, { by }]) => (by === 'nobody' ? [member] : [])))
  if (lost.size === 0) return
  objects.heap.memory.flush()
  const now = new Map(reread().map(({ object, facts }) => [object, facts.doing]))
  for (const { object, facts } of lentMembers) {
    if (lost.has(object) && (facts.doing === 'busy' || now.get(object) !== facts.doing)) holders.delete(object)
  }
}

/** Of an http.Agent the application has no socket, but the answer that comes on it. */
function lentBy({ lends, lentMembers }: PoolReading): Lent {
  if (lends === 'streams') return 'stream'
  return lentMembers.some(({ facts }) => facts.doing === 'unread') ? 'answer' : 'member'
}

/** Variables of any scope that have the pool. */
function namesOf(
  pool: Tagged,
  { objects, scopes, scan, containing }: LendingContext,
  expired: () => boolean,
): string[] {
  const names = new Set<string>()
  const note = (_: Tagged, slot: number): void => {
    const holder = containing.holderOf(slot)
    if (holder === null || holder === 'unclear' || !objects.heap.isContextType(holder.type)) return
    const name = scopes.variableAt(holder.object, holder.offset)
    if (/^[\w$]+$/.test(name) && name !== 'this') names.add(name)
  }
  scanHolders(scan.blocks, [pool], note, { limit: 1, expired, enough: () => true })
  return [...names]
}

/** Clients made of a service's definition have a method for each of its procedures, by the last word of its path. */
function openedBy(
  { lends, lentMembers }: PoolReading,
  holders: ReadonlyMap<Tagged, MemberHolder>,
): { readonly calls?: readonly TakingCall[] } {
  if (lends !== 'streams') return {}
  const lost = lentMembers.filter(({ object }) => holders.get(object)?.by === 'nobody')
  const words = new Set(lost.flatMap(({ facts }) => /\/(\w+)$/.exec(facts.request?.url ?? '')?.[1] ?? []))
  const methods = [...words].flatMap((word) => [word, `${word.charAt(0).toLowerCase()}${word.slice(1)}`])
  return { calls: [...new Set(methods)].map((method) => ({ method, of: '', ofAny: true as const })) }
}

function search(
  reading: PoolReading,
  lent: readonly Tagged[],
  waiting: readonly Tagged[],
  functions: HoldingFunctions,
  context: LendingContext,
  expired: () => boolean,
): ReadonlyMap<Tagged, MemberHolder> {
  const { objects, scopes, natives, resources, containing, scan, pages } = context
  const apart = new Set([reading.pool, ...reading.lentMembers.map(({ object }) => object)])
  const members = lent.map((member) => insideOf(objects, member))
  const closed = new Set(members.flat().flatMap((alias) => [...partsOf(objects, alias, apart)]))
  for (const alias of members.flat()) closed.delete(alias)
  const owners = [reading.pool, ...(reading.ownedBy ?? [])]
  for (const owner of owners) closed.add(owner)
  return holdersOf(members, {
    objects,
    scopes,
    containing,
    suspended: scan.suspended,
    blocks: scan.blocks,
    maxDepth: MAX_DEPTH,
    maxAlike: MAX_ALIKE,
    edges: new LentEdges(
      { objects, scopes, natives, resources, suspended: scan.suspended },
      {
        pool: reading.pool,
        maps: new Set(members.flat().map((alias) => objects.heap.field(alias, 0))),
        closed,
        isHolder: (generator) => functions.isForApplication(generator),
      },
    ),
    functions,
    waiting: new Set(waiting.slice(0, MAX_WAITERS).flatMap((promise) => functions.waitersOf(promise))),
    owners,
    ownPackages: new Set(
      [reading.pool, ...members.flat()].flatMap((object) => packageOf(scriptPath(objects.classScript(object))) ?? []),
    ),
    pages,
    expired,
  })
}

function distinct(holders: readonly MemberHolder[]): WaitHolder[] {
  const places = holders.flatMap((holder) => (holder.by === 'function' ? [holder.place] : []))
  return [...new Map(places.map((place) => [`${place.function}:${place.file}:${place.line}`, place])).values()]
}
