/**
 * Functions that wait for each other's end, round to the first: a memoized promise that awaits itself, two lazy
 * initialisations that need each other, a chain of promises used as a lock inside itself. There is no promise at the
 * bottom of such waits, so no search would meet them. Only what nothing else can settle counts. A promise that is resolved
 * by hand (`then(resolve)`, a race) may still be, unless the search has met nothing but the ends of functions.
 */
import type { AwaitScan } from '../scan/await-scan.js'
import type { LeafPromises } from '../scan/suspended.js'
import type { Tagged } from '../../v8/heap/heap.js'

const MAX_FOLLOWED = 1_000
const MAX_CIRCLE = 50

/**
 * By index of a function in a circle: all that are in it, itself first, each before the one that it waits for.
 * @param settledByEnds promises that only the ends of these functions settle, by hand
 */
export function circlesOf(
  { suspended, links }: AwaitScan,
  bottoms: readonly LeafPromises[],
  settledByEnds: ReadonlyMap<Tagged, readonly Tagged[]>,
): ReadonlyMap<number, readonly number[]> {
  const below = new Map<number, readonly number[]>()
  for (const [i, { leaves, byFunction }] of bottoms.entries()) {
    if (leaves.length > 0 ? !leaves.every((promise) => settledByEnds.has(promise)) : !byFunction) continue
    const settlers = settlersOf(suspended.list[i]?.awaits ?? 0)
    if (settlers !== null && settlers.length > 0) below.set(i, settlers)
  }
  withoutMoving(below)
  const circles = new Map<number, readonly number[]>()
  for (const start of below.keys()) {
    if (circles.has(start)) continue
    const circle = circleFrom(start, below)
    if (circle.length > MAX_CIRCLE) continue
    for (const [at, index] of circle.entries()) circles.set(index, [...circle.slice(at), ...circle.slice(0, at)])
  }
  return circles

  /** Functions whose ends settle a promise; null where something else may. */
  function settlersOf(promise: Tagged): readonly number[] | null {
    // As nearly all are.
    const only = suspended.byResult.get(promise)
    if (only !== undefined) return [only]
    const found = new Set<number>()
    const seen = new Set<Tagged>([promise])
    for (const at of seen) {
      const owner = suspended.byResult.get(at)
      if (owner !== undefined) {
        found.add(owner)
        continue
      }
      const ends = settledByEnds.get(at)
      if (ends !== undefined) {
        if (ends.length === 0) return null
        for (const generator of ends) {
          const index = suspended.byGenerator.get(generator)
          if (index !== undefined) found.add(index)
        }
        continue
      }
      const sources = suspended.sources.get(at) ?? []
      if (sources.length === 0 || seen.size > MAX_FOLLOWED) return null
      for (const source of sources) {
        if (links.resolves(source, at)) return null
        seen.add(source)
      }
    }
    return [...found]
  }
}

/** Takes out, again and again, whoever waits for a function that may still go on. */
function withoutMoving(below: Map<number, readonly number[]>): void {
  const above = new Map<number, number[]>()
  for (const [index, settlers] of below) {
    for (const settler of settlers) {
      const list = above.get(settler)
      if (list === undefined) above.set(settler, [index])
      else list.push(index)
    }
  }
  const moving = [...above.keys()].filter((index) => !below.has(index))
  for (let at = moving.pop(); at !== undefined; at = moving.pop()) {
    for (const index of above.get(at) ?? []) if (below.delete(index)) moving.push(index)
  }
}

function circleFrom(start: number, below: ReadonlyMap<number, readonly number[]>): number[] {
  const path: number[] = []
  const places = new Map<number, number>()
  for (let at: number | undefined = start; at !== undefined; at = below.get(at)?.[0]) {
    const before = places.get(at)
    if (before !== undefined) return path.slice(before)
    places.set(at, path.length)
    path.push(at)
  }
  return []
}
