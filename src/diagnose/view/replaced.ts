/** Other calls in the place of those that an earlier look saw: whatever they wait for lets them through. */
import type { AwaitNode } from '../../model/await.js'
import type { Look } from '../../model/evidence.js'
import { keyOf } from './turning.js'
import type { View } from './view.js'

/**
 * Whether all functions of a group are other calls than an earlier look saw there. `proved` where nothing was collected
 * since that look. A collection gives an old call another number: then it is `likely` where no look has one of them.
 */
export function replacedIn({ evidence, last }: View, node: AwaitNode): 'proved' | 'likely' | null {
  const { calls } = node
  if (calls === undefined || calls.length === 0) return null
  const earlier = evidence.looks.flatMap((look) => (look === last ? [] : groupsIn(look, node)))
  const others = earlier.filter((group) => !group.calls.some((call) => calls.includes(call)))
  if (others.some((group) => group.collections === last.awaits?.collections && last.awaits?.unsettled !== true))
    return 'proved'
  return others.length > 0 && others.length === earlier.length ? 'likely' : null
}

/** Of the calls that stood in its place in that look; none where their numbers are not known. */
function groupsIn({ awaits }: Look, node: AwaitNode): { calls: readonly number[]; collections: number | undefined }[] {
  const key = keyOf(node)
  const there = (awaits?.awaits ?? []).filter((each) => keyOf(each) === key)
  if (there.length === 0 || there.some((each) => each.calls === undefined)) return []
  if (awaits?.cutShort === true || awaits?.unsettled === true) return []
  return [{ calls: there.flatMap((each) => each.calls ?? []), collections: awaits?.collections }]
}
