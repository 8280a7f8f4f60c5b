/**
 * One isolate's suspended functions, from its pages: maps first (kept for the next look), then objects, then links.
 * What a leaf waits for is `waits/`' part; this file knows only promises.
 */
import { performance } from 'node:perf_hooks'
import { Functions } from '../../v8/objects/functions.js'
import type { Tagged, V8Heap } from '../../v8/heap/heap.js'
import type { Isolate } from '../../v8/heap/isolates.js'
import { HeapBlocks, heapRanges } from '../../v8/heap/heap-blocks.js'
import { scanMaps, type HeapMaps } from '../../v8/heap/map-scan.js'
import { scanObjects, type ScannedObjects } from './object-scan.js'
import { PromiseLinks } from '../../v8/objects/promises.js'
import { PlaceCache, readSuspended, stillThere, wentOn, type SuspendedFunctions } from './suspended.js'

export interface AwaitScan {
  readonly isolate: Isolate
  readonly blocks: HeapBlocks
  readonly maps: HeapMaps
  readonly functions: Functions
  readonly links: PromiseLinks
  readonly suspended: SuspendedFunctions
  /** Objects of the further maps that were asked for. */
  readonly others: readonly Tagged[]
  readonly cost: AwaitScanCost
}

export interface AwaitScanCost {
  readonly heapBytes: number
  /** 0 when the maps were known from an earlier look. */
  readonly mapsMs: number
  readonly pickMs: number
  readonly objectsMs: number
  readonly linksMs: number
  readonly complete: boolean
}

export interface AwaitScanOptions {
  /** Maps of an earlier look at the same isolate. */
  readonly maps?: HeapMaps | undefined
  /** Maps whose objects are wanted besides, chosen once the maps are known. */
  readonly others?: (maps: HeapMaps) => Iterable<Tagged>
  /** A heap of at most this size is kept in our memory for the searches that follow. */
  readonly keepBytes?: number | undefined
  /** Most suspended functions that are read, the first that are found; all when unset. */
  readonly maxFunctions?: number | undefined
  /** Monotonic ms at which scanning stops. */
  readonly deadlineMs: number
}

export function scanAwaits(heap: V8Heap, isolate: Isolate, options: AwaitScanOptions): AwaitScan {
  const expired = (): boolean => performance.now() > options.deadlineMs
  const blocks = new HeapBlocks(heap.memory, heapRanges(heap.memory, isolate.pages), options.keepBytes ?? 0)
  // A heap that is kept is small: what is looked at afterwards lies all over it.
  heap.memory.expect(blocks.keeps ? blocks.ranges : [])
  const t0 = performance.now()
  const maps = options.maps ?? scanMaps(heap, blocks, expired)
  const t1 = performance.now()
  const picked = options.others === undefined ? [] : [...options.others(maps)]
  const t2 = performance.now()
  const scanned = scanObjects(heap, blocks, maps, picked, expired)
  const t3 = performance.now()
  heap.flush()
  const functions = new Functions(heap)
  const links = new PromiseLinks(heap, functions)
  const read = readSuspended(heap, functions, links, scanned, options.maxFunctions)
  const suspended = keepUnchanged(heap, functions, links, read, scanned)
  return {
    isolate,
    blocks,
    maps,
    functions,
    links,
    suspended,
    others: [...scanned.others],
    cost: {
      heapBytes: blocks.sizeBytes,
      mapsMs: options.maps === undefined ? t1 - t0 : 0,
      pickMs: t2 - t1,
      objectsMs: t3 - t2,
      linksMs: performance.now() - t3,
      complete: scanned.complete,
    },
  }
}

/** Reads every hit again, after all else was read: what is no longer as it was went on, or is dropped. */
function keepUnchanged(
  heap: V8Heap,
  functions: Functions,
  links: PromiseLinks,
  read: SuspendedFunctions,
  scanned: ScannedObjects,
): SuspendedFunctions {
  heap.flush()
  const places = new PlaceCache(functions)
  const list = read.list.flatMap((one) =>
    stillThere(heap, links, one) ? one : (wentOn(heap, functions, links, places, one) ?? []),
  )
  if (list.length === read.list.length && list.every((one, i) => one === read.list[i])) return read
  return {
    ...read,
    list,
    byGenerator: new Map(list.map((one, i) => [one.generator, i])),
    byResult: new Map(list.flatMap((one, i) => one.results.map((promise) => [promise, i] as const))),
    dropped: scanned.generators.length - read.unread - list.length,
  }
}
