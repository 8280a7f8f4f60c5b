/** The queue in which a resolver lies: the collection, or what a linked list hangs on, nearest to the promise on the ways to it. */
import type { Tagged, V8Heap } from '../../v8/heap/heap.js'
import { objectOf, type Finding, type StepKey } from '../search/wait-search.js'
import type { LinkedLists } from './linked-lists.js'

export interface QueueOnWay {
  /** Of a table of queues by key, the table; 0 where there is no queue. */
  readonly queue: Tagged
  /** The collection itself, which in a table is one of several. */
  readonly nearest: Tagged
}

export class QueuesOnWays {
  readonly #heap: V8Heap
  readonly #lists: LinkedLists
  readonly #known = new Map<Finding, QueueOnWay>()

  constructor(heap: V8Heap, lists: LinkedLists) {
    this.#heap = heap
    this.#lists = lists
  }

  of(finding: Finding): QueueOnWay {
    const known = this.#known.get(finding)
    if (known !== undefined) return known
    let queue = 0
    let queueKey: StepKey = 0
    let nearest = Number.MAX_SAFE_INTEGER
    const ways = waysOf(finding)
    for (const [key, step] of finding.steps) {
      if (step === null || step.depth >= nearest || !ways.has(key)) continue
      if (this.#heap.isCollectionType(step.type)) {
        queue = objectOf(key)
        queueKey = key
      } else if (this.#lists.isNode(objectOf(key), step.type)) {
        queue = this.#lists.ownerOf(finding, key)
        queueKey = 0
        if (queue === 0) continue
      } else continue
      nearest = step.depth
    }
    const table = queueKey === 0 ? 0 : this.#lists.tableOf(finding, queueKey)
    const found = { queue: table === 0 ? queue : table, nearest: queue }
    this.#known.set(finding, found)
    return found
  }
}

/**
 * Steps on the ways to what can settle it, those that lead into such a way or were not followed to their end included. One that
 * leads nowhere holds nothing: garbage, such as the list of arguments of a call that is over (Node checks a timer's callback by
 * one).
 */
function waysOf({ steps, ends, holders, open, meets }: Finding): ReadonlySet<StepKey> {
  const on = new Set<StepKey>()
  const objects = new Set<Tagged>()
  const add = (from: StepKey): void => {
    for (let key: StepKey | null = from; key !== null && !on.has(key); key = steps.get(key)?.from ?? null) {
      on.add(key)
      objects.add(objectOf(key))
    }
  }
  for (const end of [...ends.map(({ key }) => key), ...holders, ...(open ?? [])]) add(end)
  for (let before = -1; before !== on.size;) {
    before = on.size
    for (const [key, met] of meets ?? []) if (!on.has(key) && met.some((object) => objects.has(object))) add(key)
  }
  return on
}
