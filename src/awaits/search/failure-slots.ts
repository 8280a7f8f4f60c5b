/** Slots by which a promise only fails: properties and table entries called `error` or `reject`. */
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'

const FAILURE = /^(error|reject|rej)$/
const MAX_NAME = 6

const offsets = new WeakMap<Objects, Map<Tagged, number>>()

/** Byte offset of an in-object property that only matters for failure; 0 without one. */
export function failureOffset(objects: Objects, map: Tagged): number {
  let known = offsets.get(objects)
  if (known === undefined) {
    known = new Map()
    offsets.set(objects, known)
  }
  let offset = known.get(map)
  if (offset === undefined) {
    offset =
      objects.layoutOf(map).slots.find((slot) => slot.offset > 0 && FAILURE.test(objects.keyText(slot.key)))?.offset ??
      0
    known.set(map, offset)
  }
  return offset
}

/** Whether the slot of a dictionary (key, value, details) is the value of a key that names a failure. */
export function isFailureEntry(objects: Objects, table: Tagged, offset: number): boolean {
  if (offset < 24 || offset > 4096) return false
  const { heap } = objects
  const key = heap.field(table, offset - 8)
  if (!heap.isString(key) || heap.int32(key, heap.layout.string.length) > MAX_NAME) return false
  return FAILURE.test(heap.string(key, MAX_NAME) ?? '')
}
