/**
 * What a queue or set of user code holds, and how much: arrays, Maps, Sets, ring buffers (`_head`, `_tail`, a mask over
 * `_list`), queues by priority (`_slots`), lists of nodes, what wraps a list, and whatever keeps its own count. Null where that can't be told: an unknown size is not 0.
 */
import type { Tagged } from '../../v8/heap/heap.js'
import { entryTable } from '../../v8/objects/collections.js'
import { ELEMENTS_OFFSET, TABLE_OFFSET, type Objects } from '../../v8/objects/objects.js'

const COUNTS = ['length', '_length', '#length', 'size', '_size', '#size', 'count', '_count', '#count'] as const
const LANES = ['_slots', '#slots', '_lanes']
const MAX_ENTRIES = 10_000
const MAX_LANES = 100

export function countOf(objects: Objects, object: Tagged, depth = 3): number | null {
  const { heap } = objects
  const length = objects.arrayLength(object)
  if (length !== null) return length
  if (heap.is(object, 'JS_SET') || heap.is(object, 'JS_MAP')) {
    return heap.smiOf(heap.element(heap.field(object, TABLE_OFFSET), 0))
  }
  if (!heap.is(object, 'JS_OBJECT')) return null
  const ring = ringOf(objects, object)
  if (ring !== null) return ring.count
  const lanes = objects.getObject(object, LANES)
  if (objects.arrayLength(lanes) !== null) return lanesCount(objects, lanes, depth)
  const own = objects.getNumber(object, COUNTS)
  if (own !== null) return own
  const inner = depth > 0 ? objects.getObject(object, ['_list', '#list']) : 0
  return inner === 0 ? null : countOf(objects, inner, depth - 1)
}

/** A queue by priorities: what is called its size is the number of its lanes. */
function lanesCount(objects: Objects, lanes: Tagged, depth: number): number | null {
  let sum = 0
  for (const lane of depth > 0 ? entriesOf(objects, lanes, MAX_LANES) : []) {
    const count = countOf(objects, lane, depth - 1)
    if (count === null) return null
    sum += count
  }
  return depth > 0 ? sum : null
}

/** Whatever an array holds, functions too. */
export function valuesOf(objects: Objects, array: Tagged, limit: number): Tagged[] {
  const { heap } = objects
  const elements = heap.field(array, ELEMENTS_OFFSET)
  const length = Math.min(objects.arrayLength(array) ?? 0, limit)
  return Array.from({ length }, (_, i) => heap.element(elements, i))
}

/** At most `limit` entries that are objects; empty for a list whose inside is not known. */
export function entriesOf(objects: Objects, object: Tagged, limit = MAX_ENTRIES): Tagged[] {
  const { heap } = objects
  const found: Tagged[] = []
  const add = (value: Tagged): boolean => {
    if (objects.isObject(value)) found.push(value)
    return found.length < limit
  }
  const length = objects.arrayLength(object)
  if (length !== null) {
    const elements = heap.field(object, ELEMENTS_OFFSET)
    for (let i = 0; i < Math.min(length, MAX_ENTRIES); i++) if (!add(heap.element(elements, i))) break
    return found
  }
  const isMap = heap.is(object, 'JS_MAP')
  if (isMap || heap.is(object, 'JS_SET')) {
    const entries = entryTable(heap, object)
    if (entries === null) return found
    const { table, first, used } = entries
    const width = isMap ? 3 : 2
    for (let i = 0; i < Math.min(used, MAX_ENTRIES); i++) {
      if (!add(heap.element(table, first + i * width + (isMap ? 1 : 0)))) break
    }
    return found
  }
  const ring = heap.is(object, 'JS_OBJECT') ? ringOf(objects, object) : null
  if (ring === null) return heap.is(object, 'JS_OBJECT') ? listed(objects, object, limit) : found
  const elements = heap.field(ring.list, ELEMENTS_OFFSET)
  for (let i = 0; i < Math.min(ring.count, MAX_ENTRIES); i++) {
    if (!add(heap.element(elements, (ring.head + i) & ring.mask))) break
  }
  return found
}

/** Values of a linked list's nodes, from its head on; a ring of nodes is passed once. */
function listed(objects: Objects, list: Tagged, limit: number): Tagged[] {
  const seen = new Set<Tagged>()
  const found: Tagged[] = []
  let node = objects.getObject(list, ['head', '_head', '#head'])
  while (node !== 0 && !seen.has(node) && found.length < limit && seen.size < MAX_ENTRIES) {
    seen.add(node)
    const value = objects.getObject(node, ['value', '_value', '#value'])
    if (value !== 0) found.push(value)
    node = objects.getObject(node, ['next', '_next', '#next'])
  }
  return found
}

/** Entries ahead of the one in slot `index` of a ring's list; of an array the index itself. */
export function positionIn(objects: Objects, owner: Tagged, index: number): number {
  const ring = objects.heap.is(owner, 'JS_OBJECT') ? ringOf(objects, owner) : null
  return ring === null ? index : (index - ring.head) & ring.mask
}

interface Ring {
  readonly list: Tagged
  readonly head: number
  readonly mask: number
  readonly count: number
}

function ringOf(objects: Objects, object: Tagged): Ring | null {
  const list = objects.getObject(object, ['_list', '#list', 'list'])
  const head = objects.getNumber(object, ['_head', '#head', 'head'])
  const tail = objects.getNumber(object, ['_tail', '#tail', 'tail'])
  const mask = objects.getNumber(object, ['_mask', '_capacityMask', '#mask', '#capacityMask', 'mask'])
  if (list === 0 || head === null || tail === null || mask === null) return null
  return { list, head, mask, count: (tail - head) & mask }
}
