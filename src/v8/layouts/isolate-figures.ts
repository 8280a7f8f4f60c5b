/**
 * Figures of an isolate that no symbol exports: garbage collections, heap limits, the microtask queue. Offsets in
 * bytes from the isolate. Found by calibration on the official x64 builds of Node 20.20.2, 22.23.3, 24.21.0 and
 * 26.10.0 (known numbers of gc(), two heap limits, known external memory) and named after src/heap/heap.h
 * (gc_count_, ms_count_, max_old_generation_size, external_memory_) and src/execution/microtask-queue.h. -1: not known.
 * On 26 it is the first word of the Heap, less 2 MB that the isolate starts with: it followed 3 buffers of 5 MB and
 * 20 MB of external strings to the byte, and their end. The GCTracer (src/heap/gc-tracer.h, average_mutator_duration_ and,
 * behind it, average_mark_compact_duration_) was found as the one allocation that a word of the Heap leads to and that holds
 * the figures which `--trace-gc` prints ("average mu", "current mu"), over eight collections each on the same builds.
 */
import type { V8Family } from './layout.js'

export interface IsolateFigures {
  /** u32 each. */
  readonly collections: number
  readonly markCompacts: number
  /** Path of words to the limit of the old generation, bytes. */
  readonly oldGenerationLimit: readonly number[]
  /** Bytes that the embedder reported; -1 where it was not found. */
  readonly externalBytes: number
  /** Word with the GCTracer. */
  readonly tracer: number
  /** In the GCTracer: two doubles, ms outside and inside of mark-compact collections, the latest ones weighing most. */
  readonly mutatorDuration: number
  /**
   * Word with the continuation-preserved embedder data of the code that runs (src/execution/isolate-data.h,
   * continuation_preserved_embedder_data_): Node's AsyncContextFrame (22 with
   * --experimental-async-context-frame). Found as the one word of the isolate that leads to such a Map. -1: none.
   */
  readonly preservedData: number
}

export const ISOLATE_FIGURES: Readonly<Record<V8Family, IsolateFigures>> = {
  '11.3': { collections: 54532, markCompacts: 54528, oldGenerationLimit: [54176], externalBytes: 54248, tracer: 56248, mutatorDuration: 3280, preservedData: -1 },
  '12.4': { collections: 57428, markCompacts: 57424, oldGenerationLimit: [57064], externalBytes: 57136, tracer: 58728, mutatorDuration: 3392, preservedData: 576 },
  '13.6': { collections: 62004, markCompacts: 62000, oldGenerationLimit: [61512], externalBytes: 61584, tracer: 63304, mutatorDuration: 3544, preservedData: 632 },
  '14.6': { collections: 62980, markCompacts: 62976, oldGenerationLimit: [64376, 16], externalBytes: 62400, tracer: 64320, mutatorDuration: 3768, preservedData: 680 },
}

/** v8::internal::Space (src/heap/base-space.h): committed_, which every space has. */
export const SPACE_COMMITTED = 24

/**
 * Bytes in use, by kind of space: size_ of PagedSpaceBase's accounting_stats_ (src/heap/paged-spaces.h, behind capacity_
 * and max_capacity_), objects_size_ of LargeObjectSpace (src/heap/large-spaces.h). Found beside the figures of
 * v8.getHeapSpaceStatistics() of the same builds: equal for large objects, in paged spaces more by the open allocation
 * area (at most a page, 256 KiB).
 */
export const SPACE_USED: Readonly<Record<V8Family, { readonly paged: number; readonly large: number }>> = {
  '11.3': { paged: 0x98, large: 0x60 },
  '12.4': { paged: 0x70, large: 0x60 },
  '13.6': { paged: 0x78, large: 0x68 },
  '14.6': { paged: 0x68, large: 0x58 },
}
/** Pointers to the spaces lie in the first words of the Heap. */
export const SPACES_IN_HEAP_BYTES = 768

/** v8::internal::MicrotaskQueue: size_, finished_microtask_count_. */
export const MICROTASK_QUEUE = { size: 8, finished: 40 } as const
