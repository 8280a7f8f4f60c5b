/** Calls that an earlier look saw in a place and that are gone: what they waited for there lets some through. */
import type { AwaitNode } from '../../model/await.js'
import type { Look } from '../../model/evidence.js'
import { standingWith } from './places.js'
import { uncollectedLooks } from './turning.js'
import type { View } from './view.js'

/** So many looks with a call that the last has not: what stands still keeps its number after two collections. */
const TELLING_LOOKS = 3

/**
 * Whether a call that stood in this place is `gone`. A collection gives a young call another number, and its old one to another
 * call: `unclear` where one fell before the last look, and no earlier look has only calls that are there. Null: none is known to
 * be gone.
 */
export function wentOnFrom(view: View, node: AwaitNode): 'gone' | 'unclear' | null {
  const { evidence, last } = view
  const now = callsIn(last, node)
  if (now === null) return null
  const earlier = evidence.looks.flatMap((look) => {
    const calls = look === last ? null : callsIn(look, node)
    return calls === null ? [] : [{ look, calls }]
  })
  const isThere = (call: number): boolean => now.includes(call)
  const telling = isWhole(last) ? uncollectedLooks(view).filter(isWhole) : []
  if (earlier.some(({ look, calls }) => telling.includes(look) && !calls.every(isThere))) return 'gone'
  if (earlier.length === 0 || earlier.some(({ calls }) => calls.every(isThere))) return null
  return earlier.length >= TELLING_LOOKS ? 'gone' : 'unclear'
}

function isWhole({ awaits }: Look): boolean {
  return awaits?.cutShort !== true && awaits?.unsettled !== true
}

/** Of the functions in that place in that look; null where there is none, or where they have no numbers. */
function callsIn({ awaits }: Look, node: AwaitNode): readonly number[] | null {
  const standing = standingWith(awaits, node)
  if (standing.length === 0 || standing.some(({ calls }) => calls === undefined)) return null
  return standing.flatMap(({ calls = [] }) => calls)
}
