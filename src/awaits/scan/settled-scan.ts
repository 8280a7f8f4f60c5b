/**
 * A scan during which nothing moved. A collection that moves objects while we scan them leaves us with the few that it
 * had not moved yet. So a look of which much was gone when it was read again is taken anew, and so is one during which
 * there was a collection at all.
 */
import { toAddress } from '../../model/address.js'
import { Functions } from '../../v8/objects/functions.js'
import type { V8Heap } from '../../v8/heap/heap.js'
import { findIsolates, readMoment, type Isolate, type HeapPage } from '../../v8/heap/isolates.js'
import { ISOLATE_FIGURES } from '../../v8/layouts/isolate-figures.js'
import { Objects } from '../../v8/objects/objects.js'
import { CodeScopes } from '../../v8/objects/code-scopes.js'
import { pickResourceMaps } from '../resources/resources.js'
import { scanAwaits, type AwaitScan } from './await-scan.js'
import { HeapBlocks, heapRanges } from '../../v8/heap/heap-blocks.js'
import type { HeapMaps } from '../../v8/heap/map-scan.js'
import { COROUTINE_CLASSES } from './bluebird-coroutines.js'
import { OPEN_WORK_CLASSES } from './open-work.js'
import { TASK_CLASSES } from './tasks-in-flight.js'

const FURTHER_CLASSES: ReadonlySet<string> = new Set([...TASK_CLASSES, ...OPEN_WORK_CLASSES, ...COROUTINE_CLASSES])

/** More candidates gone at the second reading than this: a collection came in between. */
const MIN_DROPPED = 20
const MAX_DROPPED_SHARE = 0.05
/** Scans of a heap up to this size cost little: there are more of them. */
const SMALL_HEAP = 64 << 20
const MAX_ATTEMPTS = { small: 4, large: 3, whole: 2 } as const
/** A collection under way is waited for, in steps of some ms. */
const MAX_COLLECTION_MS = 400
const STEP_MS = 4
const MOVED_NOTE = 'garbage was collected during the scan: functions may be missing'

/** Maps of an earlier look by isolate: a second look scans once instead of twice. */
export type AwaitCache = Map<Isolate['address'], HeapMaps>

export interface SettledScan {
  readonly scan: AwaitScan
  /** Garbage collections when it began. */
  readonly collections: number
  /** Something moved during each scan. */
  readonly unsettled?: true
}

/** Scans of an earlier look by isolate, with their copies of the heap: where that has not changed, they still hold. */
export type EarlierScans = Map<Isolate['address'], SettledScan>

export interface ScanSettledOptions {
  readonly deadlineMs: number
  readonly cache?: AwaitCache
  readonly earlier?: EarlierScans
  readonly keepBytes?: number
  readonly maxFunctions?: number
}

/** Garbage collections so far (src/heap/heap.h, gc_count_), past every cache. */
export function collectionsOf(heap: V8Heap, isolate: Isolate): number {
  const bytes = Buffer.alloc(4)
  const at = isolate.address + ISOLATE_FIGURES[heap.layout.family].collections
  return heap.memory.peek(toAddress(at), bytes) ? bytes.readUInt32LE(0) : 0
}

/** Of several scans the fullest counts; `notes` says when garbage was collected during each. */
export function scanSettled(heap: V8Heap, isolate: Isolate, options: ScanSettledOptions, notes: string[]): SettledScan {
  const earlier = options.earlier?.get(isolate.address)
  if (earlier !== undefined) {
    if (stillHolds(heap, isolate, earlier, options.deadlineMs)) return earlier
    earlier.scan.blocks.release()
    options.earlier?.delete(isolate.address)
  }
  let best: SettledScan | null = null
  const cached = options.cache?.has(isolate.address) === true
  for (let attempt = 0; ; attempt++) {
    waitForCollection(heap, isolate)
    const collections = collectionsOf(heap, isolate)
    // Pages come and go with each collection: those listed before the counter was read may be of an earlier one.
    const now = isolateNow(heap, isolate)
    // Counted when it begins: one under way shows by the isolate's state only.
    let moved = isCollecting(heap, isolate)
    const picking = new Objects(heap, new Functions(heap))
    const scan = scanAwaits(heap, now, {
      // Maps stay where they are but for a compaction: those just found serve again, those of an earlier look may not.
      maps: attempt === 0 ? options.cache?.get(isolate.address) : attempt === 1 && cached ? undefined : best?.scan.maps,
      others: (maps) => pickResourceMaps(picking, maps, new CodeScopes(picking).nativeContextType(), FURTHER_CLASSES),
      deadlineMs: options.deadlineMs,
      keepBytes: options.keepBytes,
      maxFunctions: options.maxFunctions,
    })
    options.cache?.set(isolate.address, scan.maps)
    const { list, dropped } = scan.suspended
    moved ||= collections !== collectionsOf(heap, isolate) || isCollecting(heap, isolate)
    const gone = dropped > Math.max(MIN_DROPPED, list.length * MAX_DROPPED_SHARE)
    // Of those during which something moved the fullest counts, and of two as full the later: what the earlier one
    // found may lie elsewhere by now. One in which nothing moved, and as good as nothing is missing, is the best.
    const fullest: number = best?.scan.suspended.list.length ?? 0
    const settled = !moved && !gone && list.length >= fullest * (1 - MAX_DROPPED_SHARE)
    if (best === null || settled || list.length >= fullest) {
      best?.scan.blocks.release()
      best = { scan, collections }
    } else scan.blocks.release()
    if (settled) {
      if (scan.blocks.isKept) options.earlier?.set(isolate.address, best)
      return best
    }
    // A program that allocates all the time collects during each: then the fullest is kept, with a note.
    const { small, large, whole } = MAX_ATTEMPTS
    const attempts = scan.cost.heapBytes <= SMALL_HEAP ? small : gone ? large : whole
    if (attempt + 1 >= attempts || performance.now() > options.deadlineMs) {
      if (!notes.includes(MOVED_NOTE)) notes.push(MOVED_NOTE)
      return { ...best, unsettled: true }
    }
  }
}

/** A process that waits writes nothing: the second look at it need not find again what the first has found. */
function stillHolds(heap: V8Heap, isolate: Isolate, { scan, collections }: SettledScan, deadlineMs: number): boolean {
  const isQuiet = (): boolean => collections === collectionsOf(heap, isolate) && !isCollecting(heap, isolate)
  if (!isQuiet()) return false
  const ranges = heapRanges(heap.memory, isolateNow(heap, isolate).pages)
  const isSame =
    ranges.length === scan.blocks.ranges.length &&
    ranges.every(({ start, end }, index) => {
      const before = scan.blocks.ranges[index]
      return before?.start === start && before.end === end
    })
  return isSame && scan.blocks.isAsKept(() => performance.now() > deadlineMs) && isQuiet()
}

function isCollecting(heap: V8Heap, isolate: Isolate): boolean {
  return readMoment(heap, isolate.address)?.vmState === 'GC'
}

/** On a crowded machine a scavenge takes as long as our scan. Synchronous, as all of this is. */
function waitForCollection(heap: V8Heap, isolate: Isolate): void {
  const still = new Int32Array(new SharedArrayBuffer(4))
  for (let ms = 0; ms < MAX_COLLECTION_MS && isCollecting(heap, isolate); ms += STEP_MS)
    Atomics.wait(still, 0, 0, STEP_MS)
}

/** The isolate with the pages that it has now, past every cache. */
function isolateNow(heap: V8Heap, isolate: Isolate): Isolate {
  heap.flush()
  return findIsolates(heap).find((each) => each.address === isolate.address) ?? isolate
}

/** The isolate as it is now, past every cache. */
export interface FreshHeap {
  /** Garbage collections so far. */
  collections(): number
  /** Forgets what was read, and looks for the pages anew. */
  open(): { readonly pages: readonly HeapPage[]; readonly blocks: HeapBlocks }
}

/** The isolate for a second search, past every cache. */
export function freshHeap(heap: V8Heap, isolate: Isolate): FreshHeap {
  return {
    collections: () => collectionsOf(heap, isolate),
    open: () => {
      const now = isolateNow(heap, isolate)
      return { pages: now.pages, blocks: new HeapBlocks(heap.memory, heapRanges(heap.memory, now.pages), 0) }
    },
  }
}
