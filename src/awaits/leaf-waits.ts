/**
 * What the leaves of one isolate wait for: what the searches found (`leaf-search.ts`), then the references from native
 * code where that is nothing, judged.
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
import type { ForwardResult } from './search/forward.js'
import { searchHolders, searchLeaves } from './leaf-search.js'
import { HolderEdges } from './search/holder-edges.js'
import { moved, WaitJudge } from './judge/judge-wait.js'
import { type CallUnderWay, findCalls, waitOfCall } from './judge/native-calls.js'
import { Locks } from './judge/locks.js'
import { TimerPaths } from './judge/timer-paths.js'
import { lendOut } from './lending/lend-out.js'
import { nameCallbacks } from './lending/lock-callbacks.js'
import type { NativeObjects } from './resources/native-objects.js'
import type { PoolReading } from './resources/pools.js'
import { findNativeRoots, type NativeRoots } from './search/native-roots.js'
import { Paths } from './judge/paths.js'
import { childStreams, type ChildStream } from './resources/child-streams.js'
import { socketDescriptor } from './resources/describe-resource.js'
import type { Resources } from './resources/resources.js'
import type { ReverseContext } from './search/reverse.js'
import type { FreshHeap } from './scan/settled-scan.js'
import { searchAgain, type SearchedAgain } from './search/search-again.js'
import { objectOf, type Finding } from './search/wait-search.js'

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
  /** Promises that only the ends of these functions settle, by hand (`then(resolve)`). */
  readonly settledByEnds: ReadonlyMap<Tagged, readonly Tagged[]>
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
  const timers = new TimerPaths(objects, scopes)
  const paths = new Paths(objects, scopes, scan.suspended)
  const context = {
    objects,
    scopes,
    edges: new HolderEdges(objects, scopes, input.natives, input.resources, scan.suspended),
    containing,
    suspended: scan.suspended,
    blocks: scan.blocks,
  }
  const search = { ...input, context, timers, paths, expired }
  const { sources, forward, findings, guards, control, controlled, forwardMs, ...searched } = searchLeaves(search)
  let { rounds } = searched
  let rootsMs = 0
  let lent = new Map<PoolFacts, PoolReading>()
  const judged = (): Judged => {
    const startedMs = performance.now()
    const calls = findCalls(objects, scan.suspended)
    const roots = nativeRoots(input, findings, calls, expired)
    rootsMs += performance.now() - startedMs
    lent = new Map()
    return judgeAll(input, forward, findings, guards, context, { ...roots, calls }, controlled, timers, lent)
  }
  let { waits, freed, settledByEnds } = judged()
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
    rounds += searchHolders(search, sources, findings)
    ;({ waits, freed, settledByEnds } = judged())
    for (const promise of nothing) waits.set(promise, confirmed(promise, waits.get(promise), again))
  }
  const startedMs = performance.now()
  lendOut(waits, lent, { ...input, containing, findings, place: (generator) => placeOf(scan, generator) })
  const locks = new Locks(objects, scan.suspended, findings, timers, paths)
  nameCallbacks(waits, { context, locks, findings, expired })
  const lendingMs = performance.now() - startedMs
  return {
    waits,
    freed,
    settledByEnds,
    cost: {
      resources: sources.length,
      forwardMs,
      forwardVisited: forward.visited,
      reverseMs: performance.now() - t0 - forwardMs - rootsMs - lendingMs,
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

interface Judged {
  readonly waits: Map<Tagged, WaitFacts>
  readonly freed: Set<Tagged>
  readonly settledByEnds: ReadonlyMap<Tagged, readonly Tagged[]>
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
): Judged {
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
  let streams: ReadonlyMap<Tagged, ChildStream> | null = null
  const judge = new WaitJudge({
    objects,
    scopes,
    paths,
    timers,
    place: (generator) => placeOf(scan, generator),
    locks: new Locks(objects, scan.suspended, findings, timers, paths),
    suspended: scan.suspended,
    links: scan.links,
    describe: { objects, natives: input.natives, uptimeMs: input.uptimeMs },
    callWait: (promise) => waitOfCall(called, promise),
    moduleUses: forward.moduleUses,
    resourceOf: (closure) => sourceOf(forward, closure),
    acceptedBy: (server) => acceptedBy(input, server),
    childOf: (pipe) => {
      streams ??= childStreams(objects, scan.others)
      // A handle leads to its stream, too: lib/net.js sets it as the handle's owner.
      return streams.get(pipe) ?? streams.get(objects.getObject(pipe, ['[owner_symbol]'])) ?? null
    },
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
  return { waits, freed, settledByEnds: judge.settledByEnds }
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
