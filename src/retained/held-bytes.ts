/**
 * About how much a large table keeps alive: some of its entries are walked, a few dozen objects each, and their bytes taken
 * for all. What two of them reach is shared, and counts once.
 */
import type { Tagged } from '../v8/heap/heap.js'
import type { Objects } from '../v8/objects/objects.js'
import { isConsType, isSequentialType, sequentialBytes } from '../v8/heap/strings.js'
import { type LargeObject, tableBytes } from './large-objects.js'

export interface Held {
  readonly bytes: number
  /** Class of most of its entries, `string`, `number`; null without any. */
  readonly entries: string | null
}

const SAMPLES = 150
const MAX_OBJECTS = 80
const MAX_SLOTS = 64
const OF_STRING = 32

/** @param tables all large objects: what lies in another one is counted there */
export function heldBy(
  objects: Objects,
  large: LargeObject,
  tables: ReadonlySet<Tagged>,
  expired: () => boolean,
): Held {
  const { heap } = objects
  if (heap.isStringType(large.type) || large.type === heap.types.FIXED_DOUBLE_ARRAY) {
    return { bytes: large.bytes, entries: heap.isStringType(large.type) ? null : 'number' }
  }
  const slots = Math.floor(large.bytes / 8) - 2
  const walk = new Walk(objects, tables)
  const kinds = new Map<string, number>()
  let asked = 0
  // Evenly over the table, and not on one beat: entries of key, value and chain lie at every third slot.
  for (let i = 0; i < SAMPLES && !expired(); i++) {
    const at = Math.floor(((i + (i % 3) / 3) * slots) / SAMPLES)
    const value = heap.element(large.object, at)
    asked++
    if (!heap.isPointer(value)) {
      if (heap.smiOf(value) !== null && at > 3) count(kinds, 'number')
      continue
    }
    const name = nameOf(objects, value)
    if (name !== null) count(kinds, name)
    walk.from(value)
  }
  const [entries = null] = [...kinds].toSorted((a, b) => rank(b) - rank(a))[0] ?? []
  return { bytes: Math.round(large.bytes + (asked === 0 ? 0 : (walk.own() * slots) / asked) + walk.shared()), entries }
}

/** Keys and chains of a table are strings and numbers: what it is for are its objects. */
function rank([name, times]: readonly [string, number]): number {
  return name === 'number' ? times / 100 : name === 'string' ? times / 10 : times
}

function count(kinds: Map<string, number>, name: string): void {
  kinds.set(name, (kinds.get(name) ?? 0) + 1)
}

function nameOf(objects: Objects, value: Tagged): string | null {
  const { heap } = objects
  const type = heap.typeOf(value)
  if (heap.isStringType(type)) return 'string'
  if (type === heap.types.HEAP_NUMBER) return 'number'
  return objects.isObjectType(type) ? objects.className(value) || 'Object' : null
}

/** What entries reach, each object with the entry that came to it first. */
class Walk {
  readonly #objects: Objects
  readonly #tables: ReadonlySet<Tagged>
  readonly #seen = new Map<Tagged, { readonly entry: number; readonly bytes: number; shared: boolean }>()
  #entry = 0

  constructor(objects: Objects, tables: ReadonlySet<Tagged>) {
    this.#objects = objects
    this.#tables = tables
  }

  from(value: Tagged): void {
    this.#entry++
    const queue = [value]
    for (let head = 0; head < queue.length && head < MAX_OBJECTS; head++) {
      const object = queue[head] ?? 0
      const known = this.#seen.get(object)
      if (known !== undefined) {
        if (known.entry !== this.#entry) known.shared = true
        continue
      }
      const bytes = this.#bytesOf(object)
      this.#seen.set(object, { entry: this.#entry, bytes, shared: false })
      if (bytes > 0) this.#next(object, bytes, queue)
    }
  }

  /** Bytes of what one entry alone reaches, of all entries that were walked. */
  own(): number {
    return this.#sum(false)
  }

  shared(): number {
    return this.#sum(true)
  }

  #sum(shared: boolean): number {
    let sum = 0
    for (const each of this.#seen.values()) if (each.shared === shared) sum += each.bytes
    return sum
  }

  /** 0 for what belongs to the program and not to the entry: code, scopes, maps. */
  #bytesOf(object: Tagged): number {
    const { heap } = this.#objects
    const type = heap.typeOf(object)
    if (this.#tables.has(object) || type < 0) return 0
    if (heap.isStringType(type)) return isSequentialType(type) ? sequentialBytes(heap, object, type) : OF_STRING
    if (type === heap.types.HEAP_NUMBER) return 16
    const map = heap.field(object, 0)
    const table = tableBytes(this.#objects, object, map, type)
    if (table > 0) return table
    if (!this.#objects.isObjectType(type) || type === heap.types.JS_GLOBAL_OBJECT) return 0
    const bytes = this.#objects.sizeOf(object, map, type)
    return Number.isNaN(bytes) ? 0 : bytes
  }

  #next(object: Tagged, bytes: number, queue: Tagged[]): void {
    const { heap } = this.#objects
    const type = heap.typeOf(object)
    if (type === heap.types.HEAP_NUMBER || type === heap.types.FIXED_DOUBLE_ARRAY) return
    if (heap.isStringType(type) && !isConsType(type)) return
    for (let i = 1; i < bytes / 8 && i <= MAX_SLOTS; i++) {
      const value = heap.field(object, 8 * i)
      if (heap.isPointer(value)) queue.push(value)
    }
  }
}
