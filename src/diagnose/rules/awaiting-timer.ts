/** `awaiting/timer`: a timer that is due far in the future. A near one is how a poll loop paces itself. */
import { strong, type Candidate } from '../view/candidate.js'
import { capByLooks, leafCandidate, leavesOf, loopIsAlive } from '../view/leaf.js'
import { seconds } from '../view/phrases.js'
import type { View } from '../view/view.js'

export function awaitingTimer(view: View): readonly Candidate[] {
  if (!loopIsAlive(view)) return []
  return leavesOf(view)
    .filter((leaf) => leaf.cause === 'timer')
    .map((leaf) =>
      leafCandidate(view, leaf, {
        cause: 'timer',
        waitsFor: `a timer that is due in ${seconds(leaf.waits.dueInMs ?? 0)}${setText(leaf.waits.sinceMs)}`,
        signs: [strong(`its timer is due in ${seconds(leaf.waits.dueInMs ?? 0)}`)],
        cap: capByLooks(view, leaf),
        weight: 22,
        refutedBy: 'That the wait is meant: then declare it (beat.expectWait).',
        nextStep: 'See how the delay is computed there: a unit mixed up, a back-off without a bound.',
      }),
    )
}

function setText(sinceMs: number | undefined): string {
  return sinceMs === undefined ? '' : ` and was set ${seconds(sinceMs)} ago`
}
