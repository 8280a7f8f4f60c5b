/**
 * Who awaits what among the functions of one scan, the other way round and from end to end. Every wait in a queue asks
 * about all functions, and there may be a hundred such waits and a hundred thousand functions: so each is looked at once.
 */
import { leafPromises, ownerBelow, type Suspended, type SuspendedFunctions } from '../scan/suspended.js'
import type { Tagged } from '../../v8/heap/heap.js'

const MAX_CHAIN = 100

/** There are several judges of one scan. */
const known = new WeakMap<SuspendedFunctions, AwaitChains>()

export class AwaitChains {
  readonly #suspended: SuspendedFunctions
  /** By generator. */
  readonly #bottoms = new Map<Tagged, Tagged>()
  /** By promise. */
  readonly #below = new Map<Tagged, number | undefined>()
  #awaiting: ReadonlyMap<Tagged, readonly number[]> | null = null
  #settledBy: ReadonlyMap<Tagged, readonly Tagged[]> | null = null
  #places: readonly (readonly Suspended[])[] | null = null

  private constructor(suspended: SuspendedFunctions) {
    this.#suspended = suspended
  }

  static of(suspended: SuspendedFunctions): AwaitChains {
    const before = known.get(suspended)
    if (before !== undefined) return before
    const chains = new AwaitChains(suspended)
    known.set(suspended, chains)
    return chains
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
    const { list, byGenerator, byResult } = this.#suspended
    let index = byGenerator.get(generator)
    const seen = new Set<number>()
    for (let i = 0; index !== undefined && !seen.has(index) && i < MAX_CHAIN; i++) {
      seen.add(index)
      const awaits = list[index]?.awaits ?? 0
      if (awaits === 0) return 0
      const direct = byResult.get(awaits)
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
    if (!this.#below.has(promise)) this.#below.set(promise, ownerBelow(this.#suspended, promise))
    return this.#below.get(promise)
  }

  /** The first function that awaits a promise itself. */
  firstAwaiting(promise: Tagged): Suspended | undefined {
    return this.#suspended.list[this.#awaitingAt(promise)[0] ?? -1]
  }

  /** The last of them. */
  lastAwaiting(promise: Tagged): Suspended | undefined {
    return this.#suspended.list[this.#awaitingAt(promise).at(-1) ?? -1]
  }

  /** Functions that wait for a promise, through other promises or not, but through no other function. In their order. */
  waitersOf(promise: Tagged): Suspended[] {
    const { list } = this.#suspended
    const indices = new Set<number>()
    const above = new Set<Tagged>([promise])
    // A set grows while it is gone through.
    for (const at of above) {
      for (const index of this.#awaitingAt(at)) if (this.#isWaiter(list[index], promise)) indices.add(index)
      for (const settled of this.#settledAt(at)) above.add(settled)
    }
    return [...indices].sort((a, b) => a - b).flatMap((index) => list[index] ?? [])
  }

  #isWaiter(one: Suspended | undefined, promise: Tagged): boolean {
    if (one === undefined) return false
    if (one.awaits === promise) return true
    return this.#ownerBelow(one.awaits) === undefined && this.bottomOf(one.generator) === promise
  }

  /** Functions that stand at the same await of the same code, those met first in front. */
  places(): readonly (readonly Suspended[])[] {
    if (this.#places !== null) return this.#places
    const places = new Map<Tagged, Map<number, Suspended[]>>()
    const inOrder: Suspended[][] = []
    for (const one of this.#suspended.list) {
      let positions = places.get(one.function.address)
      if (positions === undefined) places.set(one.function.address, (positions = new Map<number, Suspended[]>()))
      const members = positions.get(one.continuation)
      if (members !== undefined) members.push(one)
      else {
        const first = [one]
        positions.set(one.continuation, first)
        inOrder.push(first)
      }
    }
    this.#places = inOrder
    return inOrder
  }

  #awaitingAt(promise: Tagged): readonly number[] {
    if (this.#awaiting === null) {
      const awaiting = new Map<Tagged, number[]>()
      for (const [index, { awaits }] of this.#suspended.list.entries()) if (awaits !== 0) add(awaiting, awaits, index)
      this.#awaiting = awaiting
    }
    return this.#awaiting.get(promise) ?? []
  }

  #settledAt(promise: Tagged): readonly Tagged[] {
    if (this.#settledBy === null) {
      const settledBy = new Map<Tagged, Tagged[]>()
      for (const [settled, sources] of this.#suspended.sources)
        for (const source of sources) add(settledBy, source, settled)
      this.#settledBy = settledBy
    }
    return this.#settledBy.get(promise) ?? []
  }
}

function add<T>(lists: Map<Tagged, T[]>, key: Tagged, value: T): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}
