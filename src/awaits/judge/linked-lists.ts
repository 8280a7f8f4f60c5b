/**
 * Queues that are linked lists: entries that refer to the next one, hung on a head. Limiters use them for their speed
 * (yocto-queue, fastq, async), and they have no collection to be known by.
 */
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import { ListNodes } from '../search/list-nodes.js'
import { objectOf, type Finding, type StepKey } from '../search/wait-search.js'

const MAX_ENTRIES = 10_000
/** Between a collection and the table that it is in lie its store, and that one's. */
const MAX_ABOVE = 16

export class LinkedLists {
  readonly #objects: Objects
  readonly #nodes: ListNodes
  readonly #above = new WeakMap<Finding, Map<StepKey, StepKey[]>>()

  constructor(objects: Objects) {
    this.#objects = objects
    this.#nodes = new ListNodes(objects)
  }

  isNode(object: Tagged, type: number): boolean {
    return this.#nodes.isNode(object, type)
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

  /** Objects and scopes that have a collection, or the head of a list, in a variable or property. */
  ownersOf(finding: Finding, collection: Tagged): Tagged[] {
    const { heap } = this.#objects
    const above = this.#stepsAbove(finding)
    const queue: StepKey[] = [collection]
    const owners: Tagged[] = []
    for (let head = 0; head < queue.length && head < MAX_ABOVE; head++) {
      for (const key of above.get(queue[head] ?? 0) ?? []) {
        const type = finding.steps.get(key)?.type ?? -1
        const carries = heap.isCollectionType(type) || type === heap.types.PROPERTY_ARRAY
        if (carries || this.#objects.isFixedArrayType(type)) queue.push(key)
        else if (heap.isContextType(type) || this.#objects.isObjectType(type)) owners.push(objectOf(key))
      }
    }
    return owners
  }

  /** Whether what has the queue is itself an entry of a collection: one lock of several, by key or number. */
  isOneOfMany(finding: Finding, queue: Tagged): boolean {
    const { heap } = this.#objects
    const above = this.#stepsAbove(finding)
    const seen: StepKey[] = [queue]
    for (let head = 0; head < seen.length && head < MAX_ABOVE; head++) {
      for (const key of above.get(seen[head] ?? 0) ?? []) {
        const type = finding.steps.get(key)?.type ?? -1
        if (heap.isCollectionType(type)) return true
        if (heap.isContextType(type)) continue
        if (this.#objects.isObjectType(type) && this.#isDictionary(objectOf(key))) return true
        seen.push(key)
      }
    }
    return false
  }

  /** The Map, or the plain object of names, that has a collection among its values; 0 without one. */
  tableOf(finding: Finding, collection: StepKey): Tagged {
    const { heap } = this.#objects
    const above = this.#stepsAbove(finding)
    const queue = [collection]
    for (let head = 0; head < queue.length && head < MAX_ABOVE; head++) {
      for (const key of above.get(queue[head] ?? 0) ?? []) {
        const object = objectOf(key)
        const type = finding.steps.get(key)?.type ?? -1
        if (type === heap.types.JS_MAP) return object
        if (type === heap.types.PROPERTY_ARRAY || this.#objects.isFixedArrayType(type)) queue.push(key)
        else if (type === heap.types.JS_OBJECT && this.#isDictionary(object)) return object
      }
    }
    return 0
  }

  /** An object whose properties are keys of the application's: of no class, and grown or shrunk too often for a fixed shape. */
  #isDictionary(object: Tagged): boolean {
    const { heap } = this.#objects
    return this.#objects.layoutOf(heap.field(object, 0)).dictionary && this.#objects.className(object) === 'Object'
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
