/**
 * `awaiting/never-settles`, seen too late: a wait that nothing can settle is garbage, and is collected with the functions that
 * only it would resume. What is left tells of it: a caller that somebody keeps, or the text of the script, which begins with
 * a loop that has no end.
 */
import type { AwaitNode, CodePlace } from '../../model/await.js'
import type { Look } from '../../model/evidence.js'
import { blameAwait, blameFrames, placeText } from '../view/blame.js'
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import { loopIsAlive } from '../view/leaf.js'
import { seconds } from '../view/phrases.js'
import { standingWith } from '../view/places.js'
import { pointersOfAwait } from '../view/pointers.js'
import { waitsForNobody } from '../view/turning.js'
import type { View } from '../view/view.js'
import { FOLLOW_THE_CALL } from './awaiting-never-settles.js'
import { beating } from './beating.js'

const MAX_CALLERS = 3

export function awaitingCollected(view: View): readonly Candidate[] {
  if (!loopIsAlive(view)) return []
  return [...callersOf(view), ...(view.evidence.lostLoops ?? []).map((place) => lostLoop(view, place))]
}

/** Functions at the call of one that is in no list: it is neither suspended nor, as the loop is idle, running. */
function callersOf(view: View): Candidate[] {
  const { main, last } = view
  const looks = view.evidence.looks.filter(({ awaits }) => awaits !== null)
  if (main?.idle !== true || looks.length < 2) return []
  if (looks.some(({ awaits }) => awaits?.cutShort === true || awaits?.unsettled === true)) return []
  const callers = (last.awaits?.awaits ?? [])
    .map((node, index) => ({ node, index }))
    .filter(
      ({ node }) =>
        node.doubtful !== true &&
        waitsForNobody(node) &&
        (node.looks ?? 1) >= looks.length &&
        !ranSince(view, looks, node),
    )
  if (callers.length === 0 || (!view.silent && beating(view).length > 0)) return []
  return callers.slice(0, MAX_CALLERS).map(({ node, index }) => caller(view, node, index))
}

/** An earlier look saw the called function, and nothing was collected since: it runs, or was called anew. */
function ranSince({ last }: View, looks: readonly Look[], node: AwaitNode): boolean {
  return looks.some(
    ({ awaits }) =>
      awaits?.collections === last.awaits?.collections &&
      standingWith(awaits, node).some((each) => !waitsForNobody(each)),
  )
}

function caller(view: View, node: AwaitNode, index: number): Candidate {
  const blame = blameAwait(node)
  const signs: Sign[] = [weak('it stands at a call, and no function of that call is left in memory')]
  const seen = view.evidence.looks.filter(({ awaits }) => standingWith(awaits, node).some(waitsForNobody)).length
  if (node.seenMs != null)
    signs.push(weak(`in the same place in ${node.looks ?? 1} looks over ${seconds(node.seenMs)}`))
  if (view.silence !== null) signs.push(strong(view.silence))
  return {
    kind: 'awaiting',
    cause: 'never-settles',
    where: blame.where,
    chain: blame.chain,
    summary: `${placeText(blame.where)} waits for the end of what it called, of which nothing is left in memory: it was collected together with what it waited for, so nothing can settle it.`,
    evidence: pointersOfAwait(view, index),
    signs,
    // One look alone may have come while that function ran.
    cap: view.silent && seen > 1 ? 'medium' : 'low',
    needsNoCpu: true,
    weight: 9.5,
    refutedBy: 'That function in the await tree of a later look, or this one in another place.',
    nextStep: FOLLOW_THE_CALL,
  }
}

function lostLoop(view: View, place: CodePlace): Candidate {
  const blame = blameFrames([{ ...place, tier: null, async: true, native: false }])
  const signs: Sign[] = [
    strong('the script starts this loop, which has no end, and no function of it is left in memory'),
  ]
  if (view.evidence.looks.length > 1) signs.push(weak(`in ${view.evidence.looks.length} looks`))
  if (view.silence !== null) signs.push(weak(view.silence))
  return {
    kind: 'awaiting',
    cause: 'never-settles',
    where: blame.where,
    chain: blame.chain,
    summary: `Nothing is left in memory of the endless loop in ${blame.where === null ? 'the script' : placeText(blame.where)}: what it waits for, here or in a function that it calls, was collected with it, so nothing can settle it; or an error ended it.`,
    evidence: [],
    signs,
    // The text says that it has no end; that it was begun at all is not seen.
    cap: view.silent ? 'medium' : 'low',
    needsNoCpu: true,
    weight: 9,
    refutedBy: 'A function of this loop in the await tree of a later look.',
    nextStep: `${FOLLOW_THE_CALL} Log what ends the loop by an error. The agent sees such an await before it is collected: node --require conductor-stall-agent.`,
  }
}
