/** `beating`: the clocks move, or the loop turns and nothing is parked for longer than it may be: there is no stall. */
import { placeText } from '../view/blame.js'
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import { leavesOf, type Leaf } from '../view/leaf.js'
import { mutualWaits } from '../view/lock-cycle.js'
import { plural, seconds } from '../view/phrases.js'
import { isOverdue, type View } from '../view/view.js'

/** A wait of that age is worth a word, though it is no stall yet. */
const NOTABLE_MS = 5_000

export function beating(view: View): readonly Candidate[] {
  const { main } = view
  if (view.silent || main === null || main.last.state === 'stopped') return []
  const signs: Sign[] = []
  const alive = view.clocks.filter((clock) => !isOverdue(clock) && !clock.paused)
  if (alive.length > 0) signs.push(strong(`${plural(alive.length, 'clock')} beating`))
  if (main.turns !== null && main.turns > 0) {
    signs.push(strong(`the event loop turned ${plural(main.turns, 'time')} in ${seconds(view.spanMs)}`))
  }
  if (main.idle) signs.push(weak('the main thread waits for events'))
  else if (main.last.state === 'idle') signs.push(weak('the main thread came back to its event loop'))
  if (signs.length === 0) return []
  // An idle loop looks the same whether its polls go on or hang: without clocks and awaits nobody can tell.
  if (view.last.awaits === null && signs.every((sign) => sign.weight === 'weak')) return []
  // A turning loop is no proof that its polls go on: without clocks an await that nothing explains leaves it open.
  const unexplained = alive.length === 0 && !allExplained(view)
  if (!unexplained && view.last.awaits !== null && leavesOf(view).length === 0) {
    signs.push(weak('no await is found that should have ended'))
    // As good as a turn then: in its own poll the loop answers whatever comes.
    if (main.stacks.every((stack) => stack.loop?.polling === true)) signs.push(strong('its loop polls in every look'))
  }
  const slow = longestWait(view)
  return [
    {
      kind: 'beating',
      cause: null,
      where: null,
      chain: [],
      summary: unexplained
        ? `It may be that nothing is wrong: ${whatMoves(view, alive.length)}. Not all that it waits for could be explained.`
        : `There is no stall to be seen${slow === null ? '' : ' yet'}: ${whatMoves(view, alive.length)}${slow === null ? '' : `, while ${placeText(slow.blame.where)} has been waiting for ${seconds(slow.ageMs ?? 0)}`}.`,
      evidence: view.clocks.map((_, index) => `#/clocks/${index}`),
      signs,
      ...(unexplained ? { cap: 'low' as const } : alive.length === 0 ? { cap: 'medium' as const } : {}),
      refutedBy:
        'A poll loop of which no clock knows, or one that beats without polling: watch the queue at the server.',
      nextStep:
        slow === null && !unexplained
          ? 'Nothing to do here. If tasks still wait, look at the server and at this worker with conductor-diag watch PID.'
          : 'Look again in half a minute: what is still in the same place then is stuck.',
    },
  ]
}

function whatMoves({ main, spanMs }: View, clocks: number): string {
  if (clocks > 0) return clocks === 1 ? 'its clock beats' : `${clocks} clocks beat`
  if (main?.turns != null && main.turns > 0) {
    return `its event loop turns (${plural(main.turns, 'time')} in ${seconds(spanMs)})`
  }
  return 'it is idle and would react to what comes'
}

/** Of the awaits that have an age; null when none is old enough to be told. */
function longestWait(view: View): Leaf | null {
  const old = leavesOf(view).filter(({ cause, ageMs }) => cause !== 'timer' && ageMs !== null && ageMs >= NOTABLE_MS)
  return old.toSorted((a, b) => (b.ageMs ?? 0) - (a.ageMs ?? 0))[0] ?? null
}

/**
 * Every await was read, and what each waits for is known. A queue that is not surely a lock may be either, and a
 * connection of which nothing says how long it has been silent may be dead.
 */
function allExplained(view: View): boolean {
  const { awaits } = view.last
  if (awaits === null || awaits.cutShort === true) return false
  const leaves = leavesOf(view)
  return leaves.every((leaf) => {
    const { cause, waits } = leaf
    if (cause === 'unknown' || cause === 'never-settles') return false
    // However many timers tick beside them, those who wait for each other wait for ever.
    if (waits.deadlock !== undefined || mutualWaits(leaf, leaves).length > 0) return false
    if (cause === 'lock') return (waits.holders ?? []).length > 0
    return (cause !== 'socket-reply' && cause !== 'http-response') || waits.sinceMs !== undefined
  })
}
