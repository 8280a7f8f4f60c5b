/**
 * Locks that wait for each other, where nothing proves who holds what. A lock kept in a module's variable leaves no
 * trace of its holder: all that can be seen is whose code mentions it. When those who mention each lock are themselves
 * parked on the next one, round to the first, a deadlock explains all of them at once.
 */
import type { WaitHolder } from '../../model/await.js'
import type { Leaf } from './leaf.js'

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

/** Who may hold what `leaf` waits for and has `next` parked below it; undefined when `next` is parked elsewhere. */
export function holderAbove(leaf: Leaf, next: Leaf): WaitHolder | undefined {
  const parked = [next.node, ...next.node.awaitedBy]
  return (leaf.waits.holders ?? []).find((holder) => parked.some((frame) => isSamePlace(holder, frame)))
}

function isSamePlace(a: WaitHolder, b: WaitHolder): boolean {
  return a.file !== null && a.file === b.file && a.line === b.line && a.function === b.function
}
