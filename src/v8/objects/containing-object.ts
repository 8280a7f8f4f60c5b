/**
 * Which object a slot lies in. A heap page has no index of its objects; but every object begins with its map, and a
 * map tells its size: so the nearest word below that is a Map whose object covers the slot begins the object.
 */
import { toAddress } from '../../model/address.js'
import type { Tagged } from '../heap/heap.js'
import { HEAP_PAGE, type HeapPage } from '../heap/isolates.js'
import type { Objects } from './objects.js'
import { FreeBlocks } from '../heap/free-blocks.js'

export interface Holder {
  /** Tagged. */
  readonly object: Tagged
  readonly type: number
  /** Of the slot in the object. */
  readonly offset: number
}

const MAX_BACK_BYTES = 8 << 20
/** An object of a class is not longer than this, nor is what refers to its Map. */
const MAX_START_BYTES = 2048
const MAX_NESTED = 4
/** The first object of a page lies behind its header, and in older versions behind the page's marking bits. */
const MAX_HEADER_BYTES = 20_480

interface Large {
  readonly object: Tagged
  readonly type: number
  /** Exclusive. */
  readonly end: number
}

export class ContainingObjects {
  readonly #objects: Objects
  readonly #pages: readonly HeapPage[]
  readonly #free: FreeBlocks
  readonly #hubs: readonly { readonly object: Tagged; readonly start: number; readonly end: number }[]
  readonly #large = new Map<HeapPage, Large | null>()
  /** The last walk back: what begins above `end` and not above `slot` does not cover `slot`, nor any slot above it. */
  #walked = { slot: 0, end: 0 }

  /** @param hubs native contexts: they are full of Maps, at each of which a walk back would end too early. */
  constructor(objects: Objects, pages: readonly HeapPage[], hubs: readonly Tagged[]) {
    this.#objects = objects
    this.#pages = [...pages].sort((a, b) => a.start - b.start)
    const { heap } = objects
    this.#free = new FreeBlocks(heap)
    this.#hubs = hubs.map((object) => ({
      object,
      start: object - 1,
      end: object - 1 + 16 + 8 * (heap.smi(object, heap.layout.context.length) ?? 0),
    }))
  }

  /**
   * Null when the slot lies in no object that could refer to anything: raw data, a Map, free space. `unclear` when the
   * object can't be told: it may hold, so nothing is proved.
   */
  holderOf(slot: number): Holder | 'unclear' | null {
    const page = this.#pageOf(slot)
    if (page === null) return null
    const { heap } = this.#objects
    for (const hub of this.#hubs) {
      if (slot > hub.start && slot < hub.end) {
        return { object: hub.object, type: heap.typeOf(hub.object), offset: slot - hub.start }
      }
    }
    const only = this.#onlyObjectOf(page)
    if (only !== null && slot > only.object && slot < only.end) {
      return this.#objects.isRawType(only.type)
        ? null
        : { object: only.object, type: only.type, offset: slot - only.object + 1 }
    }
    const lowest = Math.max(page.start, slot - MAX_BACK_BYTES)
    const before = this.#walked
    // Slots come in order of their addresses, and thousands may lie in one free block or in one large array.
    const mayJump = before.slot < slot && before.end >= lowest
    let at = slot - (slot % 8)
    try {
      for (; at >= lowest; at -= 8) {
        if (mayJump && at <= before.slot && at > before.end) at = before.end
        const map = heap.memory.word(toAddress(at))
        if (!heap.isPointer(map)) continue
        const type = heap.typeOfMap(map)
        if (type < 0) continue
        // The slot is itself an object's first word.
        if (at === slot) return null
        const object = at + 1
        if (this.#objects.isRawType(type)) return null
        const size = this.#objects.sizeOf(object, map, type)
        if (size > slot - at) return type === heap.types.MAP ? null : { object, type, offset: slot - at }
        // A Map that lies inside a larger object (a transition array, a feedback vector): go on below it.
        // Code embeds references, weakly.
        if (Number.isNaN(size)) return type === heap.types.INSTRUCTION_STREAM ? null : 'unclear'
      }
      return 'unclear'
    } finally {
      this.#walked = { slot, end: Math.max(at, lowest) }
    }
  }

  /**
   * Whether an object begins here: a Map is referred to by more than its objects (by its constructor, for one), and what
   * follows such a reference is no object of that Map. True where it can't be told.
   */
  isStart(object: Tagged, depth = 0): boolean {
    const page = this.#pageOf(object - 1)
    if (page === null) return false
    const { heap } = this.#objects
    const lowest = Math.max(page.start, object - 1 - MAX_START_BYTES)
    for (let at = object - 9; at >= lowest; at -= 8) {
      const map = heap.memory.word(toAddress(at))
      if (!heap.isPointer(map)) continue
      const type = heap.typeOfMap(map)
      if (type < 0) continue
      const size = this.#objects.sizeOf(at + 1, map, type)
      // The one before it ends where this one begins.
      if (size === object - 1 - at) return true
      if (!(size > object - 1 - at)) continue
      // What covers it must be an object itself, not such a reference.
      if (depth >= MAX_NESTED || this.isStart(at + 1, depth + 1)) return false
    }
    return true
  }

  /**
   * Whether an object lies in memory that the collector has swept. What was there stays readable until something is
   * allocated over it.
   */
  isFreed(object: Tagged): boolean {
    const page = this.#pageOf(object - 1)
    return page !== null && this.#free.covers(page, object - 1)
  }

  /** Of a page that was made for one large object: a walk back through its millions of words would read each as a Map. */
  #onlyObjectOf(page: HeapPage): Large | null {
    if (page.end - page.start <= HEAP_PAGE) return null
    let known = this.#large.get(page)
    if (known === undefined) {
      known = this.#readOnlyObject(page)
      this.#large.set(page, known)
    }
    return known
  }

  #readOnlyObject(page: HeapPage): Large | null {
    const { heap } = this.#objects
    for (let at: number = page.start + 8; at < page.start + MAX_HEADER_BYTES; at += 8) {
      const map = heap.memory.word(toAddress(at))
      if (!heap.isPointer(map)) continue
      const type = heap.typeOfMap(map)
      if (type < 0) continue
      const size = this.#objects.sizeOf(at + 1, map, type)
      // Smaller: it is none of those, or a short one whose end was given back.
      return size > HEAP_PAGE / 4 && at + size <= page.end ? { object: at + 1, type, end: at + size } : null
    }
    return null
  }

  #pageOf(slot: number): HeapPage | null {
    let low = 0
    let high = this.#pages.length - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      const page = this.#pages[middle]
      if (page === undefined) return null
      if (slot < page.start) high = middle - 1
      else if (slot >= page.end) low = middle + 1
      else return page
    }
    return null
  }
}
