/**
 * Locks: promises whose resolvers lie in a queue of user code, be it an array, a Map, a Set or a linked list. Who can
 * take them out of it are the suspended functions that can reach the queue; when such a holder waits, through its own
 * chain, in another queue that leads back, it is a deadlock. No wait in a cycle may have a live resource, and each must
 * pass a queue: else a reader inside fetch would count as a lock.
 */
import type { SuspendedFunctions } from '../scan/suspended.js'
import type { Tagged, V8Heap } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import { scriptPath } from '../../v8/objects/scripts.js'
import { objectOf, type Finding, type FoundEnd, type StepKey } from '../search/wait-search.js'
import { AwaitChains } from './await-chains.js'
import { LinkedLists } from './linked-lists.js'
import type { TimerPaths } from './timer-paths.js'

export class Locks {
  readonly chains: AwaitChains
  readonly #objects: Objects
  readonly #heap: V8Heap
  readonly #suspended: SuspendedFunctions
  readonly #findings: ReadonlyMap<Tagged, Finding>
  readonly #timers: TimerPaths
  readonly #lists: LinkedLists
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
    this.chains = AwaitChains.of(suspended)
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

  /** Holders that do not themselves wait in the same queue, each with what it waits for. */
  holdersOf(finding: Finding): { readonly key: StepKey; readonly generator: Tagged; readonly waits: Finding | null }[] {
    const queue = this.queueOf(finding)
    return finding.holders.flatMap((key) => {
      const generator = objectOf(key)
      // A plain generator waits for nothing: who steps it was followed.
      if (this.#heap.is(generator, 'JS_GENERATOR_OBJECT')) return []
      const bottom = this.chains.bottomOf(generator)
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
    const own = this.chains.lastAwaiting(finding.promise)
    const index = this.#suspended.byGenerator.get(generator)
    const other = index === undefined ? undefined : this.#suspended.list[index]
    if (own === undefined || other === undefined) return false
    return other.function.address === own.function.address && other.position === own.position
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
        const bottom = this.chains.bottomOf(objectOf(key))
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
