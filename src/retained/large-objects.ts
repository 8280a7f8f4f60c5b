/**
 * The tables of large collections, and large strings: V8 gives an object above some 128 KiB a page of its own
 * (src/heap/large-spaces.h), so they are found by the pages alone, without a pass over the heap.
 */
import { toAddress } from '../model/address.js'
import type { Tagged } from '../v8/heap/heap.js'
import type { HeapPage } from '../v8/heap/isolates.js'
import { sequentialBytes } from '../v8/heap/strings.js'
import type { Objects } from '../v8/objects/objects.js'

export interface LargeObject {
  readonly object: Tagged
  readonly type: number
  readonly bytes: number
}

const LEAST_BYTES = 100_000
/** The first object of a page lies behind its header, and in older versions behind the page's marking bits. */
const MAX_HEADER_BYTES = 20_480
/** What is left of a page behind its one object: less than a page of V8's. */
const MAX_REST_BYTES = 262_144

/** Largest first. */
export function largeObjects(objects: Objects, pages: readonly HeapPage[], expired: () => boolean): LargeObject[] {
  const found: LargeObject[] = []
  for (const page of pages) {
    if (expired()) break
    const one = onlyObjectOf(objects, page)
    if (one !== null) found.push(one)
  }
  return found.toSorted((a, b) => b.bytes - a.bytes)
}

function onlyObjectOf(objects: Objects, page: HeapPage): LargeObject | null {
  const { heap } = objects
  const last = Math.min(page.end - LEAST_BYTES, page.start + MAX_HEADER_BYTES)
  for (let at: number = page.start + 8; at <= last; at += 8) {
    const map = heap.memory.word(toAddress(at))
    if (!heap.isPointer(map)) continue
    const type = heap.typeOfMap(map)
    if (type < 0) continue
    const bytes = bytesOf(objects, at + 1, map, type)
    const rest = page.end - at - bytes
    // Else it is the first object of an ordinary page.
    return bytes >= LEAST_BYTES && rest >= 0 && rest < MAX_REST_BYTES ? { object: at + 1, type, bytes } : null
  }
  return null
}

/** 0 for an object that is neither a table nor a text. */
function bytesOf(objects: Objects, object: Tagged, map: Tagged, type: number): number {
  const { heap } = objects
  return heap.isStringType(type) ? sequentialBytes(heap, object, type) : tableBytes(objects, object, map, type)
}

/** Bytes of a table of values, properties or numbers; 0 for another object. */
export function tableBytes(objects: Objects, object: Tagged, map: Tagged, type: number): number {
  const { heap } = objects
  if (type === heap.types.FIXED_DOUBLE_ARRAY) return 16 + 8 * (heap.smi(object, heap.layout.array.length) ?? 0)
  if (!objects.isFixedArrayType(type) && type !== heap.types.PROPERTY_ARRAY) return 0
  const bytes = objects.sizeOf(object, map, type)
  return Number.isNaN(bytes) ? 0 : bytes
}
