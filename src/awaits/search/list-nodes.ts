/** Entries of linked lists: objects of user code that refer to the next one (`next`, `#next`, `_next`). */
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'

const NEXT = /^[#_]?next$/

export class ListNodes {
  readonly #objects: Objects
  /** By Map. */
  readonly #known = new Map<Tagged, boolean>()

  constructor(objects: Objects) {
    this.#objects = objects
  }

  /** An object of user code with a property that leads to the next one. */
  isNode(object: Tagged, type: number): boolean {
    const { heap } = this.#objects
    if (type !== heap.types.JS_OBJECT) return false
    const map = heap.field(object, 0)
    let known = this.#known.get(map)
    if (known === undefined) {
      const { slots } = this.#objects.layoutOf(map)
      known =
        slots.some((slot) => NEXT.test(this.#objects.keyText(slot.key))) &&
        this.#objects.classScript(object)?.startsWith('node:') !== true
      this.#known.set(map, known)
    }
    return known
  }

  /** Whether one entry of a list refers to another: they are alike. */
  isStep(from: Tagged, to: Tagged, type: number): boolean {
    return this.isNode(from, type) && this.#objects.heap.field(from, 0) === this.#objects.heap.field(to, 0)
  }
}
