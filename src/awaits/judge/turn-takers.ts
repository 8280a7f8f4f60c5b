/**
 * Who stands where a turn of a queue is taken: each function that waits in it, and, while that one is the lock's own code, those
 * that called it. A holder is past the place of any of them, not only past that of the one wait that is judged: locks of packages
 * have several ways in (`acquire`, `runExclusive`).
 */
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import { scriptPath } from '../../v8/objects/scripts.js'
import { receiverOf } from '../../v8/objects/suspended-frame.js'
import { packageOf } from '../../source/origin.js'
import type { Suspended } from '../scan/suspended.js'
import type { Finding } from '../search/wait-search.js'
import type { AwaitChains } from './await-chains.js'

/** A lock's own methods that call one another. */
const MAX_OWN = 5

export interface TurnTaker {
  readonly one: Suspended
  /** A method of what has the queue. */
  readonly ofOwner: boolean
}

export class TurnTakers {
  readonly #objects: Objects
  readonly #chains: AwaitChains
  readonly #known = new Map<Finding, readonly TurnTaker[]>()

  constructor(objects: Objects, chains: AwaitChains) {
    this.#objects = objects
    this.#chains = chains
  }

  /**
   * Of one wait.
   * @param owners what has the queue
   */
  of(finding: Finding, owners: readonly Tagged[]): readonly TurnTaker[] {
    const known = this.#known.get(finding)
    if (known !== undefined) return known
    const { heap } = this.#objects
    const packages = owners.flatMap((owner) =>
      this.#objects.isObject(owner) ? (packageOf(scriptPath(this.#objects.classScript(owner))) ?? []) : [],
    )
    const found = new Map<Suspended, TurnTaker>()
    let level = this.#chains.waitersOf(finding.promise)
    for (let depth = 0; depth <= MAX_OWN && level.length > 0; depth++) {
      const above: Suspended[] = []
      for (const one of level) {
        if (found.has(one)) continue
        const ofOwner = owners.includes(receiverOf(heap, one))
        found.set(one, { one, ofOwner })
        if (!ofOwner && (!packages.includes(packageOf(fileOf(one)) ?? '') || isOfOther(this.#objects, one, owners)))
          continue
        for (const promise of one.results) above.push(...this.#chains.waitersOf(promise))
      }
      level = above
    }
    const takers = [...found.values()]
    this.#known.set(finding, takers)
    return takers
  }
}

/** A method of another lock of the same class: what it holds or waits for is a turn of that lock. */
export function isOfOther(objects: Objects, one: Suspended, owners: readonly Tagged[]): boolean {
  const { heap } = objects
  const receiver = receiverOf(heap, one)
  if (!objects.isObject(receiver) || owners.includes(receiver)) return false
  // Of an object without a class the constructor says nothing.
  if (objects.className(receiver) === 'Object') return false
  const kind = objects.constructorOf(heap.field(receiver, 0))
  return owners.some((owner) => objects.isObject(owner) && objects.constructorOf(heap.field(owner, 0)) === kind)
}

export function fileOf(one: Suspended): string | null {
  return scriptPath(one.function.script?.name ?? null)
}
