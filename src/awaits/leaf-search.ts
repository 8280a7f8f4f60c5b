/**
 * The searches for what settles the leaves of one scan: forward from all resources for all leaves; then back from a few
 * leaves of each group that were not reached; then for what the holders of their resolvers wait for.
 */
import { performance } from 'node:perf_hooks'
import type { Tagged } from '../v8/heap/heap.js'
import type { ContainingObjects } from '../v8/objects/containing-object.js'
import type { Objects } from '../v8/objects/objects.js'
import { Locks } from './judge/locks.js'
import type { Paths } from './judge/paths.js'
import { TimerPaths } from './judge/timer-paths.js'
import { agentsOwn } from './resources/agent-resources.js'
import { isGuardClass, type Resources } from './resources/resources.js'
import type { AwaitScan } from './scan/await-scan.js'
import { ForwardSearch, type ForwardResult } from './search/forward.js'
import { ReverseSearch, type ReverseContext } from './search/reverse.js'
import type { Finding } from './search/wait-search.js'

/** Rounds in which the waits of holders, and of their holders, are searched. */
const HOLDER_ROUNDS = 3
const MAX_HOLDER_SEARCH = 200

export interface LeafSearchInput {
  readonly scan: AwaitScan
  readonly resources: Resources
  /** Every promise at the bottom of an await. */
  readonly leaves: ReadonlySet<Tagged>
  /** Those to be searched backwards when the forward search does not reach them. */
  readonly sampled: readonly Tagged[]
  readonly context: ReverseContext
  readonly timers: TimerPaths
  readonly paths: Paths
  readonly expired: () => boolean
}

export interface LeafSearch {
  readonly sources: readonly Tagged[]
  readonly forward: ForwardResult
  /** By promise; of all leaves that were reached or searched, and of what they wait for in turn. */
  readonly findings: Map<Tagged, Finding>
  /** Timers that only bound a wait, where something else was found. */
  readonly guards: Map<Tagged, Finding>
  /** A promise whose settler is known: a search that misses it proves nothing. */
  readonly control: Tagged | undefined
  /** Whether the searches backwards found what is known to be there. */
  readonly controlled: boolean
  readonly rounds: number
  readonly forwardMs: number
}

/** A scan still holds where not a byte of the heap has changed: then these hold as well. */
const known = new WeakMap<AwaitScan, { readonly found: LeafSearch; readonly resolverIds: readonly number[] }>()

export function searchLeaves(input: LeafSearchInput): LeafSearch {
  const { scopes } = input.context
  const before = known.get(input.scan)
  const found = before?.found ?? searchAll(input)
  if (before !== undefined) scopes.meetResolvers(before.resolverIds)
  // What time has cut short is searched anew at the next look.
  else if (!input.expired()) known.set(input.scan, { found, resolverIds: scopes.resolverIds })
  // Whoever goes on searching adds to them.
  return { ...found, findings: new Map(found.findings), guards: new Map(found.guards) }
}

function searchAll(input: LeafSearchInput): LeafSearch {
  const { scan, context, timers, expired } = input
  const { objects, containing } = context
  const t0 = performance.now()
  const own = agentsOwn(objects, scan.others)
  const sources = scan.others
    .filter((object) => expired() || isLiveResource(input.resources, containing, object))
    .filter((object) => !own.has(object))
    .sort((a, b) => sourceRank(objects, a) - sourceRank(objects, b))
  const forward = searchForward(context, sources, timers, expired, input.leaves)
  const forwardMs = performance.now() - t0
  const findings = new Map(forward.findings)
  const { guards } = forward
  const open = input.sampled.filter((promise) => {
    const found = findings.get(promise)
    return found === undefined || timers.isGuarded(found)
  })
  const control = [...forward.findings.values()].find((found) => !found.rejectsOnly)?.promise ?? ownResult(scan)
  if (open.length === 0) return { sources, forward, findings, guards, control, controlled: false, rounds: 0, forwardMs }
  const asked = control === undefined ? open : [...open, control]
  const reverse = new ReverseSearch(context).run(asked, expired)
  const controlled =
    control === undefined ? proves(reverse.findings) : (reverse.findings.get(control)?.ends.length ?? 0) > 0
  for (const promise of open) {
    const found = reverse.findings.get(promise)
    if (found === undefined) continue
    const before = findings.get(promise)
    if (before !== undefined) guards.set(promise, before)
    findings.set(promise, found)
  }
  const rounds = reverse.cost.rounds + searchHolders(input, sources, findings)
  return { sources, forward, findings, guards, control, controlled, rounds, forwardMs }
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
  { objects, scopes, suspended }: Pick<ReverseContext, 'objects' | 'scopes' | 'suspended'>,
  sources: readonly Tagged[],
  timers: TimerPaths,
  expired: () => boolean,
  leaves: ReadonlySet<Tagged>,
): ForwardResult & { readonly guards: Map<Tagged, Finding> } {
  const isTimer = (source: Tagged): boolean => isGuardClass(objects.className(source))
  const bounding = sources.filter(isTimer)
  const others = sources.filter((source) => !isTimer(source))
  // As generators are: a function that goes on leads to whatever it knows.
  const closed = suspended.list.flatMap(({ machine }) => machine?.object ?? [])
  const first = new ForwardSearch(objects, scopes).run(others, leaves, expired, [...bounding, ...closed])
  const second = new ForwardSearch(objects, scopes).run(bounding, leaves, expired, [...others, ...closed])
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

/** Asked again whenever the findings have grown: a lock is known by what waits for it. Gives the rounds that it took. */
export function searchHolders(
  { scan, context, timers, paths, expired }: Omit<LeafSearchInput, 'resources' | 'leaves' | 'sampled'>,
  sources: readonly Tagged[],
  findings: Map<Tagged, Finding>,
): number {
  const locks = new Locks(context.objects, scan.suspended, findings, timers, paths)
  let rounds = 0
  for (let round = 0; round < HOLDER_ROUNDS && !expired(); round++) {
    const wanted = new Set(locks.bottomsToSearch().slice(0, MAX_HOLDER_SEARCH))
    if (wanted.size === 0) break
    const guarding = new TimerPaths(context.objects, context.scopes)
    const forward = searchForward(context, sources, guarding, expired, wanted)
    for (const [promise, finding] of forward.findings) {
      findings.set(promise, finding)
      if (!guarding.isGuarded(finding)) wanted.delete(promise)
    }
    if (wanted.size === 0) continue
    const reverse = new ReverseSearch(context).run([...wanted], expired)
    rounds += reverse.cost.rounds
    for (const [promise, finding] of reverse.findings) findings.set(promise, finding)
  }
  return rounds
}
