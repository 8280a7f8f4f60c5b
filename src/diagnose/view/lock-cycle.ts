/**
 * Locks that wait for each other, where nothing proves who holds what. A lock kept in a module's variable leaves no
 * trace of its holder: all that can be seen is whose code mentions it. When those who mention each lock are themselves
 * parked on the next one, round to the first, a deadlock explains all of them at once.
 */
import type { WaitHolder } from '../../model/await.js'
import { isNearTimer, PATIENCE_MS, type Leaf } from './leaf.js'

/** Cycles longer than this are told as single waits. */
const LONGEST = 8

/** The leaves of the shortest cycle that `leaf` is in, itself first; empty when it is in none. */
export function mutualWaits(leaf: Leaf, leaves: readonly Leaf[]): readonly Leaf[] {
  const locks = leaves.filter((each) => each.cause === 'lock')
  let paths: Leaf[][] = [[leaf]]
  for (let length = 1; length <= LONGEST && paths.length > 0; length++) {
    const longer: Leaf[][] = []
    for (const path of paths) {
      for (const next of locks.filter((each) => holderAbove(path.at(-1) ?? leaf, each))) {
        if (next === leaf && length > 1) return path
        if (!path.includes(next)) longer.push([...path, next])
      }
    }
    // A thousand waiters of one lock are alike: a few paths say what all would.
    paths = longer.slice(0, 50)
  }
  return []
}

/** Waits that are looked through for a holder's: they are groups of alike functions. */
const MOST_WAITS = 300

/**
 * Whether who may hold what `leaf` waits for is resumed by a timer that is due soon, or by something else outside that it
 * has not waited for long, through other locks or at once. Such a queue is served, only slowly. Holders are told by place: one of many that stand there is enough for a doubt.
 *
 * @param waits with those that are no stall by themselves
 */
export function isServed(leaf: Leaf, waits: readonly Leaf[]): boolean {
  const path = [leaf]
  const others = waits.slice(0, MOST_WAITS)
  for (const each of path) {
    for (const next of others) {
      if (path.includes(next) || holderAbove(each, next) === undefined) continue
      if (isNearTimer(next) || isWork(next)) return true
      if (next.cause === 'lock') path.push(next)
    }
  }
  return false
}

/** As young as that, a child or an answer is what any holder may wait for. */
function isWork({ cause, ageMs }: Leaf): boolean {
  if (cause === 'lock' || cause === 'unknown' || cause === 'never-settles') return false
  return ageMs !== null && ageMs < PATIENCE_MS
}

/**
 * Whether a circle of holders goes through a function that waits for a member of a pool: a query outside of its transaction.
 * Then the pool is what it runs out of; its verdict names who has the members, and that the circle leads back to it.
 */
export function passesPool({ waits }: Leaf, leaves: readonly Leaf[]): boolean {
  if (waits.reentrant === true) return false
  return (waits.links ?? []).some((link) =>
    leaves.some(
      ({ cause, node }) =>
        cause === 'pool-exhausted' &&
        [node, ...node.awaitedBy].some((frame) => isSamePlace(link, frame) && link.column === frame.column),
    ),
  )
}

/** Who may hold what `leaf` waits for and has `next` parked below it; undefined when `next` is parked elsewhere. */
export function holderAbove(leaf: Leaf, next: Leaf): WaitHolder | undefined {
  const parked = [next.node, ...next.node.awaitedBy]
  return (leaf.waits.holders ?? []).find((holder) => parked.some((frame) => isSamePlace(holder, frame)))
}

function isSamePlace(a: WaitHolder, b: WaitHolder): boolean {
  return a.file !== null && a.file === b.file && a.line === b.line && a.function === b.function
}
