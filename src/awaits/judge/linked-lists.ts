/**
 * Queues that are linked lists: entries that refer to the next one (`next`, `#next`, `_next`), hung on a head. Limiters
 * use them for their speed (yocto-queue, fastq, async), and they have no collection to be known by.
 */
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import { objectOf, type Finding, type StepKey } from '../search/wait-search.js'

const NEXT = /^[#_]?next$/
const MAX_ENTRIES = 10_000

export class LinkedLists {
  readonly #objects: Objects
  readonly #nodes = new Map<Tagged, boolean>()
  readonly #above = new WeakMap<Finding, Map<StepKey, StepKey[]>>()

  constructor(objects: Objects) {
    this.#objects = objects
  }

  /** An object of user code with a property that leads to the next one. */
  isNode(object: Tagged, type: number): boolean {
    const { heap } = this.#objects
    if (type !== heap.types.JS_OBJECT) return false
    const map = heap.field(object, 0)
    let known = this.#nodes.get(map)
    if (known === undefined) {
      const { slots } = this.#objects.layoutOf(map)
      known =
        slots.some((slot) => NEXT.test(this.#objects.keyText(slot.key))) &&
        this.#objects.classScript(object)?.startsWith('node:') !== true
      this.#nodes.set(map, known)
    }
    return known
  }

  /** What the list hangs on: the first holder of an entry, or of those before it, that is no entry itself. */
  ownerOf(finding: Finding, node: StepKey): Tagged {
    const { heap } = this.#objects
    const map = heap.field(objectOf(node), 0)
    const above = this.#stepsAbove(finding)
    const queue = [node]
    for (let head = 0; head < queue.length && head < MAX_ENTRIES; head++) {
      for (const key of above.get(queue[head] ?? 0) ?? []) {
        const object = objectOf(key)
        const type = finding.steps.get(key)?.type ?? -1
        if (heap.field(object, 0) === map || type === heap.types.PROPERTY_ARRAY) queue.push(key)
        else if (heap.isContextType(type) || this.#objects.isObjectType(type)) return object
      }
    }
    return 0
  }

  #stepsAbove(finding: Finding): ReadonlyMap<StepKey, StepKey[]> {
    let above = this.#above.get(finding)
    if (above === undefined) {
      above = new Map()
      for (const [key, step] of finding.steps) {
        if (step?.from == null) continue
        const list = above.get(step.from)
        if (list === undefined) above.set(step.from, [key])
        else list.push(key)
      }
      this.#above.set(finding, above)
    }
    return above
  }
}
