/** Calls that an earlier look saw in a place and that are gone: what they waited for there lets some through. */
import type { AwaitNode } from '../../model/await.js'
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
  const key = keyOf(node)
  const there = awaits.awaits.filter((each) => keyOf(each) === key)
  if (there.length === 0 || there.some((each) => each.calls === undefined)) return null
  return there.flatMap((each) => each.calls ?? [])
}
