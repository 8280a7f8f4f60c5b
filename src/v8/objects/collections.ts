/**
 * Entries of a Map (src/objects/ordered-hash-table.h): its table is a FixedArray of the numbers of elements, of deleted
 * ones and of buckets, then the buckets, then key, value and chain of each entry in the order of insertion. The key of a
 * deleted entry is the hole, which is neither an object nor a string or symbol: whoever reads keys asks for one of those.
 */
import type { Tagged, V8Heap } from '../heap/heap.js'
import { TABLE_OFFSET } from './objects.js'

const HEADER = 3
const WORDS_AN_ENTRY = 3

export interface MapEntry {
  readonly key: Tagged
  readonly value: Tagged
}

/** The first `limit` entries; none when `map` is no Map. */
export function mapEntries(heap: V8Heap, map: Tagged, limit: number): MapEntry[] {
  if (!heap.is(map, 'JS_MAP')) return []
  const table = heap.field(map, TABLE_OFFSET)
  const elements = heap.smiOf(heap.element(table, 0)) ?? 0
  const deleted = heap.smiOf(heap.element(table, 1)) ?? 0
  const buckets = heap.smiOf(heap.element(table, 2)) ?? -1
  if (buckets < 0) return []
  const entries: MapEntry[] = []
  for (let i = 0; i < elements + deleted && entries.length < limit; i++) {
    const at = HEADER + buckets + WORDS_AN_ENTRY * i
    const key = heap.element(table, at)
    if (heap.isPointer(key)) entries.push({ key, value: heap.element(table, at + 1) })
  }
  return entries
}
