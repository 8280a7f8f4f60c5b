/**
 * A queue that waits for itself: what would take an entry out of it are the ends of functions that, through their own
 * awaits, wait for an entry of the same queue. A limiter that is used inside itself, a lock that is not re-entrant.
 *
 * Who is sure to hold a turn: a function whose end runs the queue's own code; a function of the queue's package that
 * awaits a task; a function that stands further on than where others of it wait in this queue. Merely being able to
 * reach the queue proves nothing: every caller can.
 */
import type { Tagged, V8Heap } from '../../v8/heap/heap.js'
import { scriptPath } from '../../v8/objects/scripts.js'
import type { Suspended, SuspendedFunctions } from '../scan/suspended.js'
import { objectOf, type Finding } from '../search/wait-search.js'
import type { Locks } from './locks.js'

const MAX_DEPTH = 20

export interface SelfDeadlock {
  /** Tasks that hold a turn and end only when this wait is over: generators of user functions where there are any. */
  readonly tasks: readonly Tagged[]
  /** Whether more is known than that the waiting function's own end leads to the queue. */
  readonly certain: boolean
}

export class SelfDeadlocks {
  readonly #heap: V8Heap
  readonly #suspended: SuspendedFunctions
  readonly #locks: Locks

  constructor(heap: V8Heap, suspended: SuspendedFunctions, locks: Locks) {
    this.#heap = heap
    this.#suspended = suspended
    this.#locks = locks
  }

  of(finding: Finding): SelfDeadlock | null {
    const queue = this.#locks.queueOf(finding)
    if (queue === 0 || this.#locks.hasResource(finding)) return null
    const waiters = this.#locks.chains.waitersOf(finding.promise)
    const settlers = finding.ends.flatMap((end) => (end.kind === 'function' ? (this.#at(objectOf(end.key)) ?? []) : []))
    const holders = finding.holders.flatMap((key) => this.#at(objectOf(key)) ?? [])
    // One that waits in the queue by itself may be one more consumer of it, at another place.
    const further = holders.filter(
      (one) =>
        (one.awaits === 0 || this.#locks.chains.awaitedBy(one.generator) !== undefined) &&
        isFurther(one, [...waiters, ...holders]),
    )
    const inPackage = holders.filter((one) => this.#runsTask(one, waiters))
    const inside = [...new Set([...settlers, ...further, ...inPackage])].filter((one) => one.awaits !== 0)
    if (inside.length === 0) return null
    if (!inside.every((one) => this.#waitsIn(one, finding, queue, new Set(), 0))) return null
    const own = new Set(waiters)
    const certain =
      !finding.capped &&
      (inside.some((one) => !own.has(one)) ||
        further.length > 0 ||
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

/** Stands in a function at a later place than another that is in it: past the wait for its turn. */
function isFurther(one: Suspended, others: readonly Suspended[]): boolean {
  return others.some(
    (other) => other !== one && other.function.address === one.function.address && other.position < one.position,
  )
}

function fileOf(one: Suspended): string | null {
  return scriptPath(one.function.script?.name ?? null)
}

/** The folder of the package that a file belongs to; null for the application's own code. */
function packageOf(file: string | null): string | null {
  if (file === null) return null
  if (file.startsWith('node:')) return 'node:'
  const at = file.lastIndexOf('/node_modules/')
  if (at < 0) return null
  const rest = file.slice(at + 14).split('/')
  return rest[0]?.startsWith('@') === true ? `${rest[0]}/${rest[1] ?? ''}` : (rest[0] ?? null)
}
