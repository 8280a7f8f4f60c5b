/** How full the heap is, of what it may hold. */
import type { HeapState } from '../../model/heap.js'

/** From here on V8 collects more than it otherwise would. */
export const NEAR_LIMIT = 0.8

/** @returns share of the limit; null where either figure is not known */
export function fillOf(heap: HeapState | null): number | null {
  const size = heap?.committedBytes ?? heap?.usedBytes ?? null
  return size === null || heap?.limitBytes == null || heap.limitBytes === 0 ? null : size / heap.limitBytes
}
