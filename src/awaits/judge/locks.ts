/**
 * Locks: promises whose resolvers lie in a queue of user code, be it an array, a Map, a Set or a linked list. Who can
 * take them out of it are the suspended functions that can reach the queue; when such a holder waits, through its own
 * chain, in another queue that leads back, it is a deadlock. No wait in a cycle may have a live resource, and each must
 * pass a queue: else a reader inside fetch would count as a lock.
 */
import { leafPromises, type SuspendedFunctions } from '../scan/suspended.js'
import type { Tagged, V8Heap } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import { scriptPath } from '../../v8/objects/scripts.js'
import { objectOf, type Finding, type FoundEnd, type StepKey } from '../search/wait-search.js'
import { LinkedLists } from './linked-lists.js'
import type { TimerPaths } from './timer-paths.js'

const MAX_CHAIN = 100

interface Chains {
  /** By generator. */
  readonly bottoms: Map<Tagged, Tagged>
  /** By promise. */
  readonly below: Map<Tagged, number | undefined>
}

/** Each wait in a queue asks about every function, and there are several judges of one scan. */
const chains = new WeakMap<SuspendedFunctions, Chains>()

function chainsOf(suspended: SuspendedFunctions): Chains {
  const known = chains.get(suspended) ?? { bottoms: new Map(), below: new Map() }
  chains.set(suspended, known)
  return known
}

export class Locks {
  readonly #objects: Objects
  readonly #heap: V8Heap
  readonly #suspended: SuspendedFunctions
  readonly #findings: ReadonlyMap<Tagged, Finding>
  readonly #timers: TimerPaths
  readonly #lists: LinkedLists
  readonly #bottoms: Map<Tagged, Tagged>
  readonly #below: Map<Tagged, number | undefined>
  #waiters: Map<Tagged, { readonly function: Tagged; readonly position: number }> | null = null
  readonly #queues = new Map<Finding, Tagged>()

  constructor(
    objects: Objects,
    suspended: SuspendedFunctions,
    findings: ReadonlyMap<Tagged, Finding>,
    timers: TimerPaths,
  ) {
    this.#objects = objects
    this.#heap = objects.heap
    this.#suspended = suspended
    this.#findings = findings
    this.#timers = timers
    this.#lists = new LinkedLists(objects)
    const { bottoms, below } = chainsOf(suspended)
    this.#bottoms = bottoms
    this.#below = below
  }

  /** The queue nearest to the promise through which its resolver is held: a collection, or what a list hangs on; else 0. */
  queueOf(finding: Finding): Tagged {
    const known = this.#queues.get(finding)
    if (known !== undefined) return known
    const { types } = this.#heap
    let queue = 0
    let nearest = Number.MAX_SAFE_INTEGER
    for (const [key, step] of finding.steps) {
      if (step === null || step.depth >= nearest) continue
      if (step.type === types.JS_ARRAY || step.type === types.JS_MAP || step.type === types.JS_SET) {
        queue = objectOf(key)
      } else if (this.#lists.isNode(objectOf(key), step.type)) {
        queue = this.#lists.ownerOf(finding, key)
        if (queue === 0) continue
      } else continue
      nearest = step.depth
    }
    this.#queues.set(finding, queue)
    return queue
  }

  /** File of a function's code. */
  scriptOf(fn: Tagged): string | null {
    return scriptPath(this.#objects.functions.ofFunction(fn)?.script?.name ?? null)
  }

  isNode(object: Tagged, type: number): boolean {
    return this.#lists.isNode(object, type)
  }

  findingOf(promise: Tagged): Finding | null {
    return this.#findings.get(promise) ?? null
  }

  /** Something of the world outside can settle it by itself: no timer that only bounds it, and no server that listens. */
  hasResource(finding: Finding): boolean {
    return finding.ends.some((end) => this.#settles(finding, end))
  }

  #settles(finding: Finding, end: FoundEnd): boolean {
    if (end.kind !== 'resource' && end.kind !== 'native') return false
    return !this.#timers.isGuard(finding, end) && this.#objects.className(objectOf(end.key)) !== 'Server'
  }

  /** The promise at the bottom of what a suspended function waits for, through the functions that it awaits. */
  bottomOf(generator: Tagged): Tagged {
    let bottom = this.#bottoms.get(generator)
    if (bottom === undefined) {
      bottom = this.#findBottom(generator)
      this.#bottoms.set(generator, bottom)
    }
    return bottom
  }

  #findBottom(generator: Tagged): Tagged {
    const first = this.#suspended.byGenerator.get(generator)
    let index = first
    const seen = new Set<number>()
    for (let i = 0; index !== undefined && !seen.has(index) && i < MAX_CHAIN; i++) {
      seen.add(index)
      const awaits = this.#suspended.list[index]?.awaits ?? 0
      if (awaits === 0) return 0
      const direct = this.#suspended.byResult.get(awaits)
      if (direct === undefined) {
        const { leaves, byFunction } = leafPromises(this.#suspended, awaits)
        if (!byFunction || leaves.length > 0) return leaves[0] ?? 0
        index = this.#ownerBelow(awaits)
      } else index = direct
    }
    return 0
  }

  /** The function that a function awaits, directly or through promises between them. */
  awaitedBy(generator: Tagged): number | undefined {
    const index = this.#suspended.byGenerator.get(generator)
    const awaits = index === undefined ? 0 : (this.#suspended.list[index]?.awaits ?? 0)
    return awaits === 0 ? undefined : this.#ownerBelow(awaits)
  }

  #ownerBelow(promise: Tagged): number | undefined {
    if (!this.#below.has(promise)) this.#below.set(promise, this.#findOwner(promise))
    return this.#below.get(promise)
  }

  #findOwner(promise: Tagged): number | undefined {
    const queue = [promise]
    const seen = new Set<Tagged>()
    for (let head = 0; head < queue.length && seen.size < 1_000; head++) {
      const at = queue[head] ?? 0
      if (seen.has(at)) continue
      seen.add(at)
      const owner = this.#suspended.byResult.get(at)
      if (owner !== undefined) return owner
      for (const source of this.#suspended.sources.get(at) ?? []) queue.push(source)
    }
    return undefined
  }

  /** Holders that do not themselves wait in the same queue, each with what it waits for. */
  holdersOf(finding: Finding): { readonly key: StepKey; readonly generator: Tagged; readonly waits: Finding | null }[] {
    const queue = this.queueOf(finding)
    return finding.holders.flatMap((key) => {
      const generator = objectOf(key)
      // A plain generator waits for nothing: who steps it was followed.
      if (this.#heap.is(generator, 'JS_GENERATOR_OBJECT')) return []
      const bottom = this.bottomOf(generator)
      if (bottom === finding.promise) return []
      const waits = this.#findings.get(bottom) ?? null
      // Five philosophers wait at one line too: alike counts only for those whose own wait was not searched.
      if (waits === null && this.isFellow(finding, generator)) return []
      if (waits !== null && queue !== 0 && this.queueOf(waits) === queue) return []
      return [{ key, generator, waits }]
    })
  }

  /** Whether a function waits at the very await that this wait belongs to: one more in the queue, not its holder. */
  isFellow(finding: Finding, generator: Tagged): boolean {
    const own = this.waiterOf(finding.promise)
    const index = this.#suspended.byGenerator.get(generator)
    const other = index === undefined ? undefined : this.#suspended.list[index]
    return own !== null && other?.function.address === own.function && other.position === own.position
  }

  /** Where the function stands that awaits a promise itself. */
  waiterOf(promise: Tagged): { readonly function: Tagged; readonly position: number } | null {
    if (this.#waiters === null) {
      this.#waiters = new Map(
        this.#suspended.list.map((one) => [one.awaits, { function: one.function.address, position: one.position }]),
      )
    }
    return this.#waiters.get(promise) ?? null
  }

  /** Promises that must be searched too before the holders' own waits are known. */
  bottomsToSearch(): Tagged[] {
    const wanted = new Set<Tagged>()
    for (const finding of this.#findings.values()) {
      const rooted = finding.ends.length > 0
      if (this.hasResource(finding)) continue
      const settlers = finding.ends.flatMap((end) => (end.kind === 'function' ? [end.key] : []))
      const holders = rooted && this.queueOf(finding) === 0 ? settlers : [...finding.holders, ...settlers]
      for (const key of holders) {
        const bottom = this.bottomOf(objectOf(key))
        if (bottom !== 0 && !this.#findings.has(bottom)) wanted.add(bottom)
      }
    }
    return [...wanted]
  }

  /** Generators of a cycle that starts and ends at this wait; null when there is none. */
  cycleOf(start: Finding): Tagged[] | null {
    if (!this.#isLock(start)) return null
    const path: Tagged[] = []
    const seen = new Set<Finding>([start])
    const visit = (finding: Finding): boolean => {
      for (const { generator, waits } of this.holdersOf(finding)) {
        if (waits === null || !this.#isLock(waits)) continue
        path.push(generator)
        if (waits === start) return true
        if (!seen.has(waits)) {
          seen.add(waits)
          if (visit(waits)) return true
        }
        path.pop()
      }
      return false
    }
    return visit(start) ? path : null
  }

  #isLock(finding: Finding): boolean {
    return !this.hasResource(finding) && this.queueOf(finding) !== 0
  }
}
