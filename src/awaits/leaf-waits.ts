/**
 * What the leaves of one isolate wait for. Forward from all resources for all leaves; then back from a few leaves of
 * each group that were not reached; then what the holders of their resolvers wait for, so that chains of locks and
 * their cycles show; last the references from native code, where nothing else was found.
 */
import { performance } from 'node:perf_hooks'
import type { PoolFacts, WaitHolder, WaitFacts } from '../model/await.js'
import { scriptPath } from '../v8/objects/scripts.js'
import type { AwaitScan } from './scan/await-scan.js'
import type { Tagged, V8Heap } from '../v8/heap/heap.js'
import type { HeapPage } from '../v8/heap/isolates.js'
import type { Objects } from '../v8/objects/objects.js'
import type { CodeScopes } from '../v8/objects/code-scopes.js'
import { ContainingObjects } from '../v8/objects/containing-object.js'
import { ForwardSearch, type ForwardResult } from './search/forward.js'
import { HolderEdges } from './search/holder-edges.js'
import { moved, WaitJudge } from './judge/judge-wait.js'
import { type CallUnderWay, findCalls, waitOfCall } from './judge/native-calls.js'
import { Locks } from './judge/locks.js'
import { TimerPaths } from './judge/timer-paths.js'
import { lendOut } from './lending/lend-out.js'
import type { NativeObjects } from './resources/native-objects.js'
import type { PoolReading } from './resources/pools.js'
import { findNativeRoots, type NativeRoots } from './search/native-roots.js'
import { Paths } from './judge/paths.js'
import { agentsOwn } from './resources/agent-resources.js'
import { socketDescriptor } from './resources/describe-resource.js'
import { isGuardClass, type Resources } from './resources/resources.js'
import { ReverseSearch, type ReverseContext } from './search/reverse.js'
import type { FreshHeap } from './scan/settled-scan.js'
import { searchAgain, type SearchedAgain } from './search/search-again.js'
import { objectOf, type Finding } from './search/wait-search.js'

/** Rounds in which the waits of holders, and of their holders, are searched. */
const HOLDER_ROUNDS = 3
const MAX_HOLDER_SEARCH = 200

export interface LeafWaitsInput {
  readonly heap: V8Heap
  readonly scan: AwaitScan
  readonly objects: Objects
  readonly scopes: CodeScopes
  readonly natives: NativeObjects
  readonly resources: Resources
  /** Every promise at the bottom of an await. */
  readonly leaves: ReadonlySet<Tagged>
  /** Those to be searched backwards when the forward search does not reach them: a few of each group. */
  readonly sampled: readonly Tagged[]
  /** All isolates' pages: native memory is what lies in none of them. */
  readonly pages: readonly HeapPage[]
  /** ms since the isolate's environment started; null when unknown. */
  readonly uptimeMs: number | null
  readonly deadlineMs: number
  /** For the second search, without which nothing is said to be settled by nothing. */
  readonly fresh: FreshHeap
}

export interface LeafWaits {
  readonly waits: ReadonlyMap<Tagged, WaitFacts>
  /** Promises that nothing holds and that lie in memory which the collector has freed: remains, not waits. */
  readonly freed: ReadonlySet<Tagged>
  readonly cost: {
    readonly resources: number
    readonly forwardMs: number
    readonly forwardVisited: number
    readonly reverseMs: number
    readonly reverseRounds: number
    readonly rootsMs: number
    /** Who has what pools lent. */
    readonly lendingMs: number
  }
}

export function findLeafWaits(input: LeafWaitsInput): LeafWaits {
  const { heap, scan, objects, scopes } = input
  const expired = (): boolean => performance.now() > input.deadlineMs
  const t0 = performance.now()
  const hubs = scan.others.filter((object) => scopes.isNativeContextType(heap.typeOf(object)))
  const containing = new ContainingObjects(objects, scan.isolate.pages, hubs)
  const own = agentsOwn(objects, scan.others)
  const sources = scan.others
    .filter((object) => expired() || isLiveResource(input.resources, containing, object))
    .filter((object) => !own.has(object))
    .sort((a, b) => sourceRank(objects, a) - sourceRank(objects, b))
  const timers = new TimerPaths(objects, scopes)
  const paths = new Paths(objects, scopes, scan.suspended)
  const forward = searchForward(input, sources, timers, expired)
  const t1 = performance.now()
  const findings = new Map(forward.findings)
  const { guards } = forward
  const context = {
    objects,
    scopes,
    edges: new HolderEdges(objects, scopes, input.natives, input.resources, scan.suspended),
    containing,
    suspended: scan.suspended,
    blocks: scan.blocks,
  }
  const open = input.sampled.filter((promise) => {
    const found = findings.get(promise)
    return found === undefined || timers.isGuarded(found)
  })
  const control = [...forward.findings.values()].find((found) => !found.rejectsOnly)?.promise ?? ownResult(scan)
  let rounds = 0
  /** Asked again whenever the findings have grown: a lock is known by what waits for it. */
  const holdersOf = (): number =>
    searchHolders(
      new Locks(objects, scan.suspended, findings, timers, paths),
      findings,
      context,
      sources,
      input,
      expired,
    )
  let controlled = false
  if (open.length > 0) {
    const asked = control === undefined ? open : [...open, control]
    const reverse = new ReverseSearch(context).run(asked, expired)
    rounds += reverse.cost.rounds
    controlled =
      control === undefined ? proves(reverse.findings) : (reverse.findings.get(control)?.ends.length ?? 0) > 0
    for (const promise of open) {
      const found = reverse.findings.get(promise)
      if (found === undefined) continue
      const before = findings.get(promise)
      if (before !== undefined) guards.set(promise, before)
      findings.set(promise, found)
    }
    rounds += holdersOf()
  }
  let rootsMs = 0
  let lent = new Map<PoolFacts, PoolReading>()
  const judged = (): { waits: Map<Tagged, WaitFacts>; freed: Set<Tagged> } => {
    const startedMs = performance.now()
    const calls = findCalls(objects, scan.suspended)
    const roots = nativeRoots(input, findings, calls, expired)
    rootsMs += performance.now() - startedMs
    lent = new Map()
    return judgeAll(input, forward, findings, guards, context, { ...roots, calls }, controlled, timers, lent)
  }
  let { waits, freed } = judged()
  const nothing = [...waits].flatMap(([promise, wait]) =>
    wait.kind === 'nothing' && !freed.has(promise) ? [promise] : [],
  )
  if (nothing.length > 0) {
    const again = searchAgain(nothing, {
      context,
      natives: input.natives,
      resources: input.resources,
      hubs,
      fresh: input.fresh,
      control,
      isPending: (promise) => scan.links.isPending(promise),
      expired,
    })
    rounds += again.rounds
    for (const [promise, finding] of again.findings) findings.set(promise, finding)
    rounds += holdersOf()
    ;({ waits, freed } = judged())
    for (const promise of nothing) waits.set(promise, confirmed(promise, waits.get(promise), again))
  }
  const startedMs = performance.now()
  lendOut(waits, lent, { ...input, containing, findings, place: (generator) => placeOf(scan, generator) })
  const lendingMs = performance.now() - startedMs
  return {
    waits,
    freed,
    cost: {
      resources: sources.length,
      forwardMs: t1 - t0,
      forwardVisited: forward.visited,
      reverseMs: performance.now() - t1 - rootsMs - lendingMs,
      reverseRounds: rounds,
      rootsMs,
      lendingMs,
    },
  }
}

/** What was judged nothing twice; what moved or was not proved is said to be unknown. */
function confirmed(promise: Tagged, wait: WaitFacts | undefined, again: SearchedAgain): WaitFacts {
  if (again.moved.has(promise)) return moved()
  if (wait === undefined || (wait.kind === 'nothing' && !again.proved)) {
    return { kind: 'unknown', why: 'no-settler', unproved: 'second-search-missing', cutShort: true }
  }
  return wait
}

function judgeAll(
  input: LeafWaitsInput,
  forward: ForwardResult,
  findings: ReadonlyMap<Tagged, Finding>,
  guards: ReadonlyMap<Tagged, Finding>,
  context: ReverseContext,
  roots: Roots & { readonly calls: ReadonlyMap<Tagged, CallUnderWay> },
  controlled: boolean,
  timers: TimerPaths,
  lent: Map<PoolFacts, PoolReading>,
): { waits: Map<Tagged, WaitFacts>; freed: Set<Tagged> } {
  const { heap, scan, objects, scopes } = input
  // Fresh values: every path is read again before it is named.
  heap.memory.flush()
  const called = {
    objects,
    natives: input.natives,
    scopes,
    suspended: scan.suspended,
    calls: roots.calls,
    strong: roots.complete ? roots.strong : null,
    place: (generator: Tagged) => placeOf(scan, generator),
  }
  const paths = new Paths(objects, scopes, scan.suspended)
  const judge = new WaitJudge({
    objects,
    scopes,
    paths,
    timers,
    place: (generator) => placeOf(scan, generator),
    locks: new Locks(objects, scan.suspended, findings, timers, paths),
    suspended: scan.suspended,
    describe: { objects, natives: input.natives, uptimeMs: input.uptimeMs },
    callWait: (promise) => waitOfCall(called, promise),
    moduleUses: forward.moduleUses,
    resourceOf: (closure) => sourceOf(forward, closure),
    acceptedBy: (server) => acceptedBy(input, server),
    strong: roots.strong,
    stray: roots.stray,
    lent,
    controlled,
  })
  const waits = new Map<Tagged, WaitFacts>()
  const freed = new Set<Tagged>()
  for (const [promise, finding] of findings) {
    if (!input.leaves.has(promise)) continue
    const wait = judge.judge(finding, guards.get(promise) ?? null)
    waits.set(promise, wait)
    if (wait.kind === 'nothing' && context.containing.isFreed(promise)) freed.add(promise)
  }
  // What an object says of its own end is read after the promise was: a stream ends, and what waited for it goes on.
  heap.memory.flush()
  for (const [promise, wait] of waits) if (isAnEnd(wait) && !scan.links.isPending(promise)) waits.set(promise, moved())
  return { waits, freed }
}

/** Told by the state that an object is in, not by a way to what may still settle the promise. */
function isAnEnd(wait: WaitFacts): boolean {
  return wait.kind === 'nothing' || wait.over !== undefined || wait.hold !== undefined || wait.unread !== undefined
}

function placeOf(scan: AwaitScan, generator: Tagged): WaitHolder[] {
  const index = scan.suspended.byGenerator.get(generator)
  const one = index === undefined ? undefined : scan.suspended.list[index]
  if (one === undefined) return []
  return [
    {
      function: one.function.name,
      file: scriptPath(one.function.script?.name ?? null),
      line: one.place?.line ?? null,
      column: one.place?.column ?? null,
    },
  ]
}

function acceptedBy({ scan, objects, natives, uptimeMs }: LeafWaitsInput, server: Tagged): number[] {
  return scan.others
    .filter((object) => objects.isObject(object) && objects.getObject(object, ['_server']) === server)
    .flatMap((object) => socketDescriptor({ objects, natives, uptimeMs }, object) ?? [])
}

/** An object of node's in memory that is in use: what was freed keeps its words, and so do the resources of old. */
function isLiveResource(resources: Resources, containing: ContainingObjects, object: Tagged): boolean {
  const kind = resources.kindOf(object)
  return kind === 'native' || (kind === 'class' && !containing.isFreed(object) && containing.isStart(object))
}

/** Of two resources equally near, the first is named: a child before the pipes of its output, a timer last. */
function sourceRank(objects: Objects, object: Tagged): number {
  const name = objects.className(object)
  return name === 'ChildProcess' ? 0 : isGuardClass(name) || name === 'Immediate' ? 2 : 1
}

/** Levels by which a timer must be nearer than another resource to be what is waited for. */
const TIMER_LAG = 10

/**
 * Timers apart from all others and after them: most reach promises that they only bound. One is named when nothing else
 * reaches the promise, or when its callback settles it and what else was found is far away.
 */
function searchForward(
  input: LeafWaitsInput,
  sources: readonly Tagged[],
  timers: TimerPaths,
  expired: () => boolean,
  leaves: ReadonlySet<Tagged> = input.leaves,
): ForwardResult & { readonly guards: Map<Tagged, Finding> } {
  const { objects, scopes } = input
  const isTimer = (source: Tagged): boolean => isGuardClass(objects.className(source))
  const bounding = sources.filter(isTimer)
  const others = sources.filter((source) => !isTimer(source))
  const first = new ForwardSearch(objects, scopes).run(others, leaves, expired, bounding)
  const second = new ForwardSearch(objects, scopes).run(bounding, leaves, expired, others)
  const findings = new Map(first.findings)
  const guards = new Map<Tagged, Finding>()
  for (const [promise, found] of second.findings) {
    const before = findings.get(promise)
    const settles = !timers.isGuarded(found)
    if (before === undefined || (settles && (before.rejectsOnly || found.steps.size + TIMER_LAG < before.steps.size)))
      findings.set(promise, found)
    else guards.set(promise, found)
  }
  return { ...first, findings, guards, visited: first.visited + second.visited }
}

/** The result of a suspended async function: that function settles it, so a search that misses it proves nothing. */
function ownResult(scan: AwaitScan): Tagged | undefined {
  return scan.suspended.list.find((one) => one.kind === 'async function' && one.awaits !== 0)?.results[0]
}

/** Without a promise of known outcome, others that ended at a root show that the search finds what is there. */
function proves(findings: ReadonlyMap<Tagged, Finding>): boolean {
  return [...findings.values()].some((finding) => finding.ends.length > 0)
}

function searchHolders(
  locks: Locks,
  findings: Map<Tagged, Finding>,
  context: ReverseContext,
  sources: readonly Tagged[],
  input: LeafWaitsInput,
  expired: () => boolean,
): number {
  let rounds = 0
  for (let round = 0; round < HOLDER_ROUNDS && !expired(); round++) {
    const wanted = new Set(locks.bottomsToSearch().slice(0, MAX_HOLDER_SEARCH))
    if (wanted.size === 0) break
    const timers = new TimerPaths(input.objects, input.scopes)
    const forward = searchForward(input, sources, timers, expired, wanted)
    for (const [promise, finding] of forward.findings) {
      findings.set(promise, finding)
      if (!timers.isGuarded(finding)) wanted.delete(promise)
    }
    if (wanted.size === 0) continue
    const reverse = new ReverseSearch(context).run([...wanted], expired)
    rounds += reverse.cost.rounds
    for (const [promise, finding] of reverse.findings) findings.set(promise, finding)
  }
  return rounds
}

type Roots = Pick<NativeRoots, 'strong' | 'stray' | 'complete'>

function nativeRoots(
  input: LeafWaitsInput,
  findings: ReadonlyMap<Tagged, Finding>,
  calls: ReadonlyMap<Tagged, CallUnderWay>,
  expired: () => boolean,
): Roots {
  const wanted = new Set<Tagged>([...calls.values()].map(({ closure }) => closure))
  for (const finding of findings.values()) {
    if (finding.ends.length > 0 && !finding.unusable) continue
    for (const key of finding.steps.keys()) wanted.add(objectOf(key))
  }
  if (wanted.size === 0) return { strong: new Set(), stray: new Set(), complete: true }
  const exclude = [...input.pages].sort((a, b) => a.start - b.start)
  return findNativeRoots(input.heap.memory, wanted, exclude, expired)
}

function sourceOf(forward: ForwardResult, closure: Tagged): Tagged {
  let at = closure
  for (let depth = 0; depth < 200; depth++) {
    const parent = forward.parents.get(at)
    if (parent === undefined) return 0
    if (parent === 0) return at
    at = parent
  }
  return 0
}
