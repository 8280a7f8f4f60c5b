/**
 * The await tree of a process out of its memory: every isolate scanned, leaves told what they wait for, alike ones
 * grouped. No pause, no code run in the target; what changed while it was read is dropped.
 */
import { performance } from 'node:perf_hooks'
import { buildAwaitTree, type SuspendedFunction } from '../model/await-grouping.js'
import type { AwaitTree, TaskInHeap, WaitFacts } from '../model/await.js'
import type { LocalValue } from '../model/frame.js'
import type { Tagged, V8Heap } from '../v8/heap/heap.js'
import { findIsolates, type Isolate } from '../v8/heap/isolates.js'
import { Objects } from '../v8/objects/objects.js'
import { scriptPath } from '../v8/objects/scripts.js'
import { CodeScopes } from '../v8/objects/code-scopes.js'
import { isMissed } from './judge/missed.js'
import { circlesOf } from './judge/circles.js'
import { resumedToTry, TriesAgain, withTries } from './judge/tries-again.js'
import { findLeafWaits, type LeafWaits } from './leaf-waits.js'
import { NativeObjects, type NativeClasses } from './resources/native-objects.js'
import { Resources } from './resources/resources.js'
import type { AwaitScan } from './scan/await-scan.js'
import { type Chains, chainsOf } from './scan/chains.js'
import { withCoroutines } from './scan/bluebird-coroutines.js'
import { collectedEvents } from './scan/collected-events.js'
import { LEFT_MODULE, leftModules, mayBeLeft } from './search/left-modules.js'
import { suspendedLocals } from './scan/suspended-locals.js'
import { collectionsOf, type EarlierScans, freshHeap, scanSettled, type AwaitCache } from './scan/settled-scan.js'
import type { Suspended } from './scan/suspended.js'
import { type OpenWork, readOpenWork } from './scan/open-work.js'
import { readTasks } from './scan/tasks-in-flight.js'
import { workOfAwaits } from './work/work-of-awaits.js'

/** Leaves of a group that are searched backwards: the first and one more, since one may be read while it moves. */
const SAMPLES_PER_GROUP = 2
/** Most groups searched backwards in one look. */
const MAX_GROUPS = 400

const LOCALS_NOTE =
  'values are those of one function of each place and chain; variables that no closure uses have no names in memory and are shown as registers'

/** Scan and searches taken anew because a collection came in between. */
const MAX_LOOKS = 2
/** Read in some tens of ms. */
const CHEAP_HEAP = 16 << 20

export interface ReadAwaitsOptions {
  readonly natives: NativeClasses
  /** Thread that runs an isolate; null when unknown. */
  tidOf(isolate: Isolate): number | null
  /** ms since the isolate's environment started, for timers; null when unknown. */
  uptimeMs(isolate: Isolate): number | null
  /** Monotonic ms (`performance.now()`) at which the tree must be there. */
  readonly deadlineMs: number
  readonly cache?: AwaitCache
  /** Kept from one look to the next by whoever takes several, for a heap that does not change in between. */
  readonly earlier?: EarlierScans
  readonly isolates?: readonly Isolate[]
  /**
   * Read arguments and variables of one function a place; without, no value of the application's is read but the code,
   * address and port of an error that it has caught.
   */
  readonly locals?: boolean
  /** Our own memory that may be spent on a copy of the heap, bytes; without it every search reads the target anew. */
  readonly keepBytes?: number
  /** Most suspended functions that are read of an isolate: each costs about a kilobyte. */
  readonly maxFunctions?: number
  /**
   * Called with the functions of each isolate as they are in memory and as they are shown, in the same order. Links count
   * from `offset`; what they wait for is not redacted.
   */
  onFunctions?(list: readonly Suspended[], shown: readonly SuspendedFunction[], offset: number): void
  /** Called with figures of each isolate, for `-v` and the benchmark. */
  onCost?(scan: AwaitScan['cost'], waits: LeafWaits['cost'] | null): void
}

export function readAwaitTree(heap: V8Heap, options: ReadAwaitsOptions): AwaitTree<WaitFacts> {
  const isolates = options.isolates ?? findIsolates(heap)
  const withThreads = { ...options, natives: threadsOf(isolates, options) }
  const notes: string[] = []
  const functions: SuspendedFunction[] = []
  const tasks: TaskInHeap<WaitFacts>[] = []
  const open: OpenWork[] = []
  const left: Left = { unread: 0, collections: 0, unsettled: false }
  if (options.locals === true) notes.push(LOCALS_NOTE)
  const pages = isolates.flatMap((isolate) => isolate.pages)
  for (const isolate of isolates) {
    if (performance.now() > options.deadlineMs) {
      notes.push('the deadline was reached before all isolates were read')
      break
    }
    const read = readIsolate(heap, isolate, pages, withThreads, notes, { tasks, open, left }, functions.length)
    // Not spread: a hundred thousand arguments are more than the stack holds.
    for (const each of read) functions.push(each)
  }
  const jobs = open.flatMap((each) => each.jobs)
  const tree = buildAwaitTree(functions, { engine: 'memory', pausedMs: 0, notes })
  return {
    ...tree,
    ...(tasks.length === 0 ? {} : { tasks }),
    collections: left.collections,
    ...(left.unsettled ? { unsettled: true } : {}),
    ...(jobs.length === 0 ? {} : { jobs }),
    requests: open.flatMap((each) => each.requests),
    timers: open.flatMap((each) => each.timers),
    sessions: open.flatMap((each) => each.sessions),
    unreadAnswers: open.flatMap((each) => each.unreadAnswers),
    // Every search ends by itself at the deadline: what is there by then may be a part.
    ...(performance.now() > options.deadlineMs || left.unread > 0 ? { cutShort: true } : {}),
  }
}

/** With it a Worker's C++ side tells which thread it runs. */
function threadsOf(isolates: readonly Isolate[], options: ReadAwaitsOptions): NativeClasses {
  const tids = new Map<number, number | null>(isolates.map((isolate) => [isolate.address, options.tidOf(isolate)]))
  return { classAt: (address) => options.natives.classAt(address), tidAt: (address) => tids.get(address) ?? null }
}

/** Of all isolates together. */
interface Left {
  /** Functions beyond the limit. */
  unread: number
  collections: number
  unsettled: boolean
}

function readIsolate(
  heap: V8Heap,
  isolate: Isolate,
  pages: readonly Isolate['pages'][number][],
  options: ReadAwaitsOptions,
  notes: string[],
  { tasks, open, left }: { tasks: TaskInHeap<WaitFacts>[]; open: OpenWork[]; left: Left },
  offset: number,
): readonly SuspendedFunction[] {
  const { scan, collections, unsettled, chains, waits } = readSettled(heap, isolate, pages, options, notes)
  const { awaiters, bottoms, alike } = chains
  if (!scan.cost.complete) notes.push('the heap was not scanned to its end before the deadline')
  const { list, unread } = scan.suspended
  left.unread += unread
  left.collections += collections
  left.unsettled ||= unsettled
  if (unread > 0) notes.push(`${unread} more functions are suspended than the ${list.length} that are read here`)
  options.onCost?.(scan.cost, waits?.cost ?? null)
  const tid = options.tidOf(isolate)
  const groups = new Map<number, WaitFacts>()
  const values = options.locals === true ? localsReader(heap, scan) : null
  const objects = new Objects(heap, scan.functions)
  const works = workOfAwaits(objects, scan.links, list, awaiters, { withForeign: options.locals === true })
  const events = collectedEvents(objects, scan)
  const circles = circlesOf(scan, bottoms, waits?.settledByEnds ?? new Map())
  const tries = new TriesAgain(objects, list, awaiters)
  const leftOnes = leftModules(objects, scan, {
    fresh: freshHeap(heap, isolate),
    collections,
    expired: () => performance.now() > options.deadlineMs,
  })
  const found = list.map((one, i): SuspendedFunction => {
    const bottom = bottoms[i]
    const key = alike[i] ?? 0
    const wait = withTries(
      circleOf(list, circles.get(i)) ?? events.get(one.awaits) ?? waitOf(one, bottom?.leaves ?? [], waits, groups, key),
      () => tries.of(i),
    )
    const left = leftOnes.has(one)
    const locals = values?.(one, key) ?? null
    const work = works[i] ?? null
    const listed = bottom?.byFunction === true && !(wait !== null && (isTelling(wait) || circles.has(i)))
    return {
      function: one.function.name,
      file: scriptPath(one.function.script?.name ?? null),
      line: one.place?.line ?? null,
      column: one.place?.column ?? null,
      kind: one.kind,
      awaiters: (awaiters[i] ?? []).map((index) => index + offset),
      awaitsListed: listed,
      waitsFor: left ? LEFT_MODULE : listed ? null : one.awaits === 0 ? resumedToTry(one, () => tries.of(i)) : wait,
      // An async function without a promise was being resumed; a generator rests between two values.
      ...(one.awaits === 0 && one.kind.endsWith('generator') ? { idle: true } : {}),
      ...(tid === null ? {} : { tid }),
      call: one.generator,
      ...(one.awaits === 0 ? {} : { promise: one.awaits }),
      ...(locals === null ? {} : { locals }),
      ...(work === null ? {} : { work }),
      ...(isRemains(one, bottom?.leaves ?? [], waits) ? { doubtful: true } : {}),
    }
  })
  const told = withCoroutines(objects, scan.others, list, found, offset)
  options.onFunctions?.(list, told, offset)
  for (const task of readTasks(objects, scan, awaiters, told)) tasks.push(task)
  const natives = new NativeObjects(objects, options.natives)
  open.push(
    readOpenWork({ objects, natives, scopes: new CodeScopes(objects), uptimeMs: options.uptimeMs(isolate), tid }, scan),
  )
  return told
}

interface SettledLook {
  readonly scan: AwaitScan
  /** Garbage collections when it began. */
  readonly collections: number
  /** Something moved during it all the same. */
  readonly unsettled: boolean
  readonly chains: Chains
  readonly waits: LeafWaits | null
}

/**
 * A collection between the scan and the searches moves what the scan has found: resolvers are then sought at addresses
 * where they no longer are. When one came, and something was not found or the heap is small, all is read once more.
 */
function readSettled(
  heap: V8Heap,
  isolate: Isolate,
  pages: readonly Isolate['pages'][number][],
  options: ReadAwaitsOptions,
  notes: string[],
): SettledLook {
  for (let look = 1; ; look++) {
    const { scan, collections, unsettled = false } = scanSettled(heap, isolate, options, notes)
    const chains = chainsOf(scan)
    const waits = readWaits(heap, scan, pages, chains, options)
    const open = [...(waits?.waits.values() ?? [])].some(isMissed) || scan.suspended.list.some(mayBeLeft)
    const late = look >= MAX_LOOKS || performance.now() > options.deadlineMs
    // Names and texts may have moved as well: where it costs little, nothing is left to chance.
    const small = scan.cost.heapBytes <= CHEAP_HEAP && scan.suspended.list.length > 0
    if (!(open || small) || late || collections === collectionsOf(heap, isolate))
      return { scan, collections, unsettled, chains, waits }
    scan.blocks.release()
    heap.flush()
  }
}

/** Less than the function with which it races. */
const SAYS_LESS: ReadonlySet<string> = new Set(['nothing', 'unknown', 'await', 'timer', 'abort-signal'])

/** Values of the first function of each place and chain; those alike have others, but one is enough to see. */
function localsReader(heap: V8Heap, scan: AwaitScan): (one: Suspended, key: number) => readonly LocalValue[] | null {
  const objects = new Objects(heap, scan.functions)
  const scopes = new CodeScopes(objects)
  const done = new Set<number>()
  return (one, key) => {
    if (done.has(key) || done.size >= MAX_GROUPS) return null
    done.add(key)
    return suspendedLocals(objects, scopes, one)
  }
}

/** Suspended for ever in memory that was already freed. */
function isRemains(one: Suspended, leaves: readonly Tagged[], waits: LeafWaits | null): boolean {
  return one.awaits !== 0 && leaves.length > 0 && leaves.every((promise) => waits?.freed.has(promise) === true)
}

/**
 * A race of a suspended function and something else waits for both; the resource says more than `another function`. A timer
 * or signal is that function's time-out.
 */
function isTelling(wait: WaitFacts): boolean {
  return !SAYS_LESS.has(wait.kind)
}

function readWaits(
  heap: V8Heap,
  scan: AwaitScan,
  pages: readonly Isolate['pages'][number][],
  { bottoms, alike }: Chains,
  options: ReadAwaitsOptions,
): LeafWaits | null {
  const { list } = scan.suspended
  const leaves = new Set<Tagged>()
  const sampled = new Set<Tagged>()
  const perGroup = new Map<number, number>()
  for (const [i, bottom] of bottoms.entries()) {
    for (const promise of bottom.leaves) leaves.add(promise)
    const first = bottom.leaves[0]
    if (first === undefined || (list[i]?.awaits ?? 0) === 0) continue
    const key = alike[i] ?? 0
    const count = perGroup.get(key) ?? 0
    if (count >= SAMPLES_PER_GROUP || (count === 0 && perGroup.size >= MAX_GROUPS)) continue
    perGroup.set(key, count + 1)
    for (const promise of bottom.leaves.slice(0, 4)) sampled.add(promise)
  }
  if (leaves.size === 0 || performance.now() > options.deadlineMs) return null
  const objects = new Objects(heap, scan.functions)
  const natives = new NativeObjects(objects, options.natives)
  return findLeafWaits({
    heap,
    scan,
    objects,
    scopes: new CodeScopes(objects),
    natives,
    resources: new Resources(objects, natives),
    leaves,
    sampled: [...sampled],
    pages,
    uptimeMs: options.uptimeMs(scan.isolate),
    deadlineMs: options.deadlineMs,
    fresh: freshHeap(heap, scan.isolate),
  })
}

/** @param circle indices of those who wait for each other's end, the one that is asked about first */
function circleOf(list: readonly Suspended[], circle: readonly number[] | undefined): WaitFacts | null {
  if (circle === undefined) return null
  const holders = circle.slice(1).flatMap((index) => {
    const one = list[index]
    if (one === undefined) return []
    const file = scriptPath(one.function.script?.name ?? null)
    return { function: one.function.name, file, line: one.place?.line ?? null, column: one.place?.column ?? null }
  })
  return { kind: 'nothing', why: 'circle', holders }
}

function waitOf(
  one: Suspended,
  leaves: readonly Tagged[],
  waits: LeafWaits | null,
  groups: Map<number, WaitFacts>,
  key: number,
): WaitFacts | null {
  if (one.awaits === 0 || leaves.length === 0) return null
  let best: WaitFacts | null = null
  for (const promise of leaves) {
    const wait = waits?.waits.get(promise)
    if (wait !== undefined && (best === null || rank(wait) > rank(best))) best = wait
  }
  if (best !== null) {
    // Remains in freed memory don't speak for those alike that live.
    if (!groups.has(key) && !leaves.every((promise) => waits?.freed.has(promise))) groups.set(key, best)
    return best
  }
  // Alike in function, place and chain to one that was searched.
  return groups.get(key) ?? { kind: 'unknown', why: 'not-searched', cutShort: true }
}

function rank(wait: WaitFacts): number {
  if (wait.links !== undefined && wait.kind === 'lock') return 4
  // Of a race the timer is the time-out, and the other what is waited for.
  if (wait.kind === 'timer') return 2.5
  return isTelling(wait) || wait.kind === 'abort-signal'
    ? 3
    : wait.kind === 'await'
      ? 2
      : wait.kind === 'unknown'
        ? 1
        : 0
}
