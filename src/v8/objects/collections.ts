/**
 * Entries of a Map or a Set (src/objects/ordered-hash-table.h): its table is a FixedArray of the numbers of elements, of deleted
 * ones and of buckets, then the buckets, then key, value (of a Map) and chain of each entry in the order of insertion. The key of a
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

export interface EntryTable {
  readonly table: Tagged
  /** Of the first entry, in the table's elements. */
  readonly first: number
  /** Entries, deleted ones too. */
  readonly used: number
}

/** Null where the table of a Map or a Set can't be read. */
export function entryTable(heap: V8Heap, collection: Tagged): EntryTable | null {
  const table = heap.field(collection, TABLE_OFFSET)
  const elements = heap.smiOf(heap.element(table, 0)) ?? 0
  const deleted = heap.smiOf(heap.element(table, 1)) ?? 0
  const buckets = heap.smiOf(heap.element(table, 2)) ?? -1
  return buckets < 0 ? null : { table, first: HEADER + buckets, used: elements + deleted }
}

/** The key under which one of the first `limit` entries has a value; 0 where none has. */
export function keyOfValue(heap: V8Heap, map: Tagged, value: Tagged, limit: number): Tagged {
  const { table, first, used } = entryTable(heap, map) ?? NO_TABLE
  for (let i = 0; i < Math.min(used, limit); i++) {
    const at = first + WORDS_AN_ENTRY * i
    if (heap.element(table, at + 1) === value) return heap.element(table, at)
  }
  return 0
}

const NO_TABLE: EntryTable = { table: 0, first: 0, used: 0 }

/** The first `limit` entries; none when `map` is no Map. */
export function mapEntries(heap: V8Heap, map: Tagged, limit: number): MapEntry[] {
  if (!heap.is(map, 'JS_MAP')) return []
  const { table, first, used } = entryTable(heap, map) ?? NO_TABLE
  const entries: MapEntry[] = []
  for (let i = 0; i < used && entries.length < limit; i++) {
    const at = first + WORDS_AN_ENTRY * i
    const key = heap.element(table, at)
    if (heap.isPointer(key)) entries.push({ key, value: heap.element(table, at + 1) })
  }
  return entries
}
