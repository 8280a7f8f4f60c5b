/** Calls that an earlier look saw in a place and that are gone: what they waited for there lets some through. */
import type { AwaitNode, AwaitTree } from '../../model/await.js'
import type { Look } from '../../model/evidence.js'
import { keyOf } from './turning.js'
import type { View } from './view.js'

/**
 * Whether a call that stood in this place does not any more: `proved` where nothing was collected since it was seen. A
 * collection gives a call another number: then it is `likely` where no number of any earlier look is there.
 */
export function wentOnFrom({ evidence, last }: View, node: AwaitNode): 'proved' | 'likely' | null {
  const now = callsIn(last, node)
  if (now === null) return null
  const earlier = evidence.looks.flatMap((look) => {
    const calls = look === last ? null : callsIn(look, node)
    return calls === null ? [] : [{ calls, collections: look.awaits?.collections }]
  })
  const gone = earlier.filter(({ calls }) => calls.some((call) => !now.includes(call)))
  if (gone.some(({ collections }) => collections === last.awaits?.collections)) return 'proved'
  const allGone = earlier.length > 0 && earlier.every(({ calls }) => !calls.some((call) => now.includes(call)))
  return allGone ? 'likely' : null
}

/** Of all functions in its place in that look; null where there is none, or some may be missing. */
function callsIn({ awaits }: Look, node: AwaitNode): readonly number[] | null {
  if (awaits === null || awaits.cutShort === true || awaits.unsettled === true) return null
  const places = byPlace.get(awaits) ?? placesOf(awaits)
  byPlace.set(awaits, places)
  return places.get(keyOf(node)) ?? null
}

/** Kept for each look: of a program with thousands of places every one is asked for. */
const byPlace = new WeakMap<AwaitTree, ReadonlyMap<string, readonly number[] | null>>()

function placesOf({ awaits }: AwaitTree): ReadonlyMap<string, readonly number[] | null> {
  const places = new Map<string, number[] | null>()
  for (const node of awaits) {
    const key = keyOf(node)
    const known = places.get(key)
    if (node.calls === undefined || known === null) places.set(key, null)
    else if (known === undefined) places.set(key, [...node.calls])
    else known.push(...node.calls)
  }
  return places
}
