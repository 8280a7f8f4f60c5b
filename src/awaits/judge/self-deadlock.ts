/**
 * A queue that waits for itself: what would take an entry out of it are the ends of functions that, through their own
 * awaits, wait for an entry of the same queue. A limiter that is used inside itself, a lock that is not re-entrant.
 *
 * Who is sure to hold a turn: a function whose end runs the queue's own code; a function of the queue's package that
 * awaits a task; a function that stands further on than where others of it wait in this queue; one whose code is that of
 * the queue's own entries, since it was taken out of there and started; one that was handed what gives a turn back; and a
 * method of the queue's owner that awaits the task which it was handed, and gives the turn back in its `finally`.
 * Merely being able to reach the queue proves nothing: every caller can.
 */
import type { Tagged, V8Heap } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import type { CodeScopes } from '../../v8/objects/code-scopes.js'
import { packageOf } from '../../source/origin.js'
import type { Suspended, SuspendedFunctions } from '../scan/suspended.js'
import { objectOf, stepsDown, type Finding, type StepKey } from '../search/wait-search.js'
import type { Locks } from './locks.js'
import { fileOf, isOfOther } from './turn-takers.js'
import { waitsForOwnTurn } from './own-turn.js'
import { ownTextOf } from './own-text.js'
import { runsUnderTurn } from '../../source/turn-mentions.js'
import { closureOf, receiverOf } from '../../v8/objects/suspended-frame.js'

const MAX_DEPTH = 20

export interface SelfDeadlock {
  /** Tasks that hold a turn and end only when this wait is over: generators of user functions where there are any. */
  readonly tasks: readonly Tagged[]
  /** Whether more is known than that the waiting function's own end leads to the queue. */
  readonly certain: boolean
}

export class SelfDeadlocks {
  readonly #objects: Objects
  readonly #heap: V8Heap
  readonly #suspended: SuspendedFunctions
  readonly #locks: Locks
  readonly #scopes: CodeScopes
  readonly #further = new Map<Tagged, readonly Suspended[]>()

  constructor(objects: Objects, scopes: CodeScopes, suspended: SuspendedFunctions, locks: Locks) {
    this.#scopes = scopes
    this.#objects = objects
    this.#heap = objects.heap
    this.#suspended = suspended
    this.#locks = locks
  }

  of(finding: Finding): SelfDeadlock | null {
    const queue = this.#locks.queueOf(finding)
    if (queue === 0 || this.#locks.hasResource(finding) || this.#locks.isOfListeners(finding)) return null
    const waiters = this.#locks.chains.waitersOf(finding.promise)
    const [first] = waiters
    const judging = { objects: this.#objects, scopes: this.#scopes, locks: this.#locks }
    if (first !== undefined && waitsForOwnTurn(judging, finding)) return { tasks: [first.generator], certain: true }
    const settlers = finding.ends.flatMap((end) => (end.kind === 'function' ? (this.#at(objectOf(end.key)) ?? []) : []))
    const holders = finding.holders.flatMap((key) => this.#at(objectOf(key)) ?? [])
    // Of another one where it stands says nothing of who is past it: not for its first turn yet, or for something else meanwhile.
    const parked = [...waiters, ...holders.filter((one) => this.#waitIn(one, queue) !== null)]
    // One that waits in the queue by itself may be one more consumer of it, at another place.
    const further = holders.filter(
      (one) =>
        (one.awaits === 0 ||
          this.#locks.chains.awaitedBy(one.generator) !== undefined ||
          this.#waitIn(one, queue) === null) &&
        this.#isFurther(one, parked),
    )
    const owners = this.#locks.ownersOf(finding)
    const inPackage = holders.filter((one) => this.#runsTask(one, waiters) && !isOfOther(this.#objects, one, owners))
    const passed = this.#passed(finding, queue)
    const started = holders.filter((one) => this.#isStartedEntry(one, finding))
    const handed = finding.holders.flatMap((key) => {
      const one = this.#at(objectOf(key))
      return one !== null && this.#locks.hasRelease(finding, key, queue) ? [one] : []
    })
    const running = holders.filter((one) => this.#runsOwnTask(one, finding))
    const inside = [
      ...new Set([...settlers, ...further, ...passed, ...inPackage, ...started, ...handed, ...running]),
    ].filter((one) => one.awaits !== 0)
    if (inside.length === 0) return null
    // What is kept by a key waits for what comes for that key (an answer): that its callers can reach it makes no queue of it.
    if (handed.length === 0 && this.#heap.is(this.#locks.nearestQueueOf(finding), 'JS_MAP')) return null
    if (!inside.every((one) => this.#waitsIn(one, finding, queue, new Set(), 0))) return null
    // Somebody has the lock of each key for which others wait: with fewer found than keys, one of them is held by who was not.
    if (this.#locks.isKeyed(finding) && inside.length < this.#locks.queuesIn(queue)) return null
    const own = new Set(waiters)
    const elsewhere =
      this.#locks.isKeyed(finding) && holders.some((one) => !this.#waitsIn(one, finding, queue, new Set(), 0))
    // That a function has passed where others wait says which lock it took only where there is one.
    const byPlace = settlers.length + inPackage.length + started.length + handed.length + running.length === 0
    const certain =
      !finding.capped &&
      !elsewhere &&
      !(byPlace && this.#locks.isOneOfMany(finding)) &&
      (inside.some((one) => !own.has(one)) ||
        further.length + passed.length + started.length + handed.length + running.length > 0 ||
        settlers.some((one) => this.#endsInPackage(finding, one)))
    const tasks = [...new Set(inside.map((one) => this.#taskOf(one).generator))]
    return { tasks, certain }
  }

  /** For who holds a turn in a package's own code: the function that it runs for somebody. */
  taskBelow(generator: Tagged): Tagged {
    const one = this.#at(generator)
    return one === null ? generator : this.#taskOf(one).generator
  }

  #at(generator: Tagged): Suspended | null {
    const index = this.#suspended.byGenerator.get(generator)
    return index === undefined ? null : (this.#suspended.list[index] ?? null)
  }

  /** What a function waits for at the bottom of its chain, where that is an entry of the queue. */
  #waitIn(one: Suspended, queue: Tagged): Finding | null {
    const waits = one.awaits === 0 ? null : this.#locks.findingOf(this.#locks.chains.bottomOf(one.generator))
    return waits !== null && this.#locks.queueOf(waits) === queue ? waits : null
  }

  /** Whether all that a function waits for is an entry of the queue. */
  #waitsIn(one: Suspended, finding: Finding, queue: Tagged, seen: Set<Tagged>, depth: number): boolean {
    if (seen.has(one.generator)) return true
    seen.add(one.generator)
    if (depth > MAX_DEPTH) return false
    const bottom = this.#locks.chains.bottomOf(one.generator)
    if (bottom === finding.promise) return true
    const waits = this.#locks.findingOf(bottom)
    if (waits === null || this.#locks.hasResource(waits)) return false
    if (this.#locks.queueOf(waits) === queue) return true
    // Where nothing else reaches its resolver, whoever holds it is who will call it.
    const keys =
      waits.ends.length === 0 ? waits.holders : waits.ends.flatMap((end) => (end.kind === 'function' ? end.key : []))
    const settlers = keys.flatMap((key) => this.#at(objectOf(key)) ?? [])
    return settlers.length > 0 && settlers.every((each) => this.#waitsIn(each, finding, queue, seen, depth + 1))
  }

  /**
   * Of a lock in a module's variable, which leaves no trace of its holders: functions that name it, and stand further on
   * than where others of them wait in its queue.
   */
  #passed(finding: Finding, queue: Tagged): Suspended[] {
    const root = finding.ends.find((end) => end.kind === 'root')
    const variable = root === undefined ? undefined : finding.steps.get(root.key)?.variable
    if (variable === undefined || variable === '') return []
    return this.#furtherThan(queue).filter((one) => this.#scopes.mentions(closureOf(this.#heap, one), variable))
  }

  /** Once for all that wait in a queue: functions past the place where others of them wait in it. */
  #furtherThan(queue: Tagged): readonly Suspended[] {
    const known = this.#further.get(queue)
    if (known !== undefined) return known
    const first = new Map<Tagged, Suspended>()
    const { chains } = this.#locks
    for (const one of this.#suspended.list) {
      const waits = this.#waitIn(one, queue)
      if (waits === null) continue
      if (chains.awaitedBy(one.generator) !== undefined) continue
      for (const waiter of [one, ...this.#callersOfOwn(one, waits)]) {
        const before = first.get(waiter.function.address)
        if (before === undefined || waiter.continuation < before.continuation)
          first.set(waiter.function.address, waiter)
      }
    }
    const further = this.#suspended.list.filter((one) => {
      const waitsAt = first.get(one.function.address)
      if (waitsAt === undefined || one.awaits === 0 || !this.#locks.passed.isPast(one, waitsAt)) return false
      return chains.awaitedBy(one.generator) !== undefined
    })
    this.#further.set(queue, further)
    return further
  }

  /** Stands in a function at a later place than another that is in it: past the wait for its turn. */
  #isFurther(one: Suspended, others: readonly Suspended[]): boolean {
    return others.some((other) => other !== one && this.#locks.passed.isPast(one, other))
  }

  /** Where the one who waits is the lock's own method, its callers are those who wait for their turn. */
  #callersOfOwn(one: Suspended, waits: Finding): Suspended[] {
    const receiver = receiverOf(this.#heap, one)
    if (!this.#locks.ownersOf(waits).includes(receiver)) return []
    return one.results.flatMap((promise) => this.#locks.chains.waitersOf(promise))
  }

  /**
   * Its code is that of a function that lies in the queue: the limiter's own `run`, which takes a turn when it starts. Not
   * that of one that has the queue: each who ever used it does.
   */
  #isStartedEntry(one: Suspended, finding: Finding): boolean {
    const queues = [this.#locks.queueOf(finding), this.#locks.nearestQueueOf(finding)]
    const isQueue = (key: StepKey): boolean =>
      queues.includes(objectOf(key)) || this.#heap.isCollectionType(finding.steps.get(key)?.type ?? -1)
    for (const [key, step] of finding.steps) {
      if (step === null || !this.#heap.isFunctionType(step.type)) continue
      if (this.#heap.functionShared(objectOf(key)) !== one.function.address) continue
      if (!stepsDown(finding, key).some(isQueue)) return true
    }
    return false
  }

  /** A function of a package that awaits, through code that is not the package's, the one who waits. */
  #runsTask(holder: Suspended, waiters: readonly Suspended[]): boolean {
    const home = packageOf(fileOf(holder))
    if (home === null) return false
    const task = this.#taskOf(holder)
    if (task === holder) return false
    return waiters.length > 0 && packageOf(fileOf(task)) !== home
  }

  /** The first function below, in its chain of awaits, that is not of its own package; itself without one. */
  #taskOf(one: Suspended): Suspended {
    const home = packageOf(fileOf(one))
    if (home === null) return one
    let at: Suspended = one
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      const next = this.#locks.chains.awaitedBy(at.generator)
      const below = next === undefined ? undefined : this.#suspended.list[next]
      if (below === undefined) return one
      if (packageOf(fileOf(below)) !== home) return below
      at = below
    }
    return one
  }

  /** A method of the queue's own owner, which awaits the task that it was handed and then gives its turn back. */
  #runsOwnTask(one: Suspended, finding: Finding): boolean {
    if (!this.#locks.ownersOf(finding).includes(receiverOf(this.#heap, one))) return false
    const own = ownTextOf(one)
    return own !== null && runsUnderTurn(own.text, own.at)
  }

  /** The end of a user's function runs a package's closure that leads to the queue. */
  #endsInPackage(finding: Finding, settler: Suspended): boolean {
    if (packageOf(fileOf(settler)) !== null) return false
    for (const [key, step] of finding.steps) {
      if (step === null || !this.#heap.isFunctionType(step.type)) continue
      const file = this.#locks.scriptOf(objectOf(key))
      if (file !== null && packageOf(file) !== null) return true
    }
    return false
  }
}
