/**
 * `beating`: something proves that it gets on. A turning loop alone does not: `idle` says so. A process that burns a CPU
 * in short callbacks turns as well; whether that is work, nobody can tell (`low`).
 */
import { placeText } from '../view/blame.js'
import { weak, type Candidate, type Sign } from '../view/candidate.js'
import { END_RECURSION, endlessText } from '../view/endless-recursion.js'
import { hotFrameOf } from '../view/hot-frame.js'
import { leavesOf, waitingOf, type Leaf } from '../view/leaf.js'
import { movedAgain } from '../view/moved-again.js'
import { isServed, mutualWaits } from '../view/lock-cycle.js'
import { unansweredOf, unansweredText, unreadText, waitingText } from '../view/pending.js'
import { failedText, percent, plural, seconds } from '../view/phrases.js'
import {
  BUSY_SHARE,
  DATA_CAME,
  pendingMs,
  pendingOf,
  progressOf,
  waitBesidePings,
  wantedShare,
} from '../view/progress.js'
import { hasMovingTask, hasStuckSlots } from '../view/tasks-of-clock.js'
import { tryingOf, tryingText } from '../view/trying.js'
import { deadConnections } from '../view/watched-dead.js'
import { isOverdue, type View } from '../view/view.js'

/** A wait of that age is worth a word, though it is no stall yet. */
const NOTABLE_MS = 5_000

export function beating(view: View): readonly Candidate[] {
  const { main } = view
  if (view.silent || main === null || main.last.state === 'stopped') return []
  // What moves are requests that fail: a kept connection that answers nothing refutes all proofs.
  if (deadConnections(view).length > 0) return []
  // Nor does it help that others beat beside one that does nothing.
  if (view.clocks.some(hasStuckSlots) && !hasMovingTask(view)) return []
  const progress = progressOf(view)
  const proven = progress.some((sign) => sign.weight === 'strong')
  const hot = burning(view)
  if (!proven && hot === null) return []
  const signs: Sign[] = [...progress]
  if (main.turns !== null && main.turns > 0) {
    signs.push(weak(`the event loop turned ${plural(main.turns, 'time')} in ${seconds(view.spanMs)}`))
  }
  if (main.idle) signs.push(weak('the main thread waits for events'))
  else if (main.last.state === 'idle') signs.push(weak('the main thread came back to its event loop'))
  if (hot !== null) signs.push(weak(hot))
  const clocks = view.clocks.filter((clock) => !isOverdue(clock) && !clock.paused).length
  // What moves is no proof that its polls go on: without clocks an await that nothing explains leaves it open.
  const unexplained = clocks === 0 && !allExplained(view)
  const beside = besideIt(view)
  // Data alone is no proof for who waits for other data on that very connection.
  const pings = waitBesidePings(view) !== null && clocks === 0 && onlyData(progress)
  const unread = unreadText(view) !== null
  // Nor for who tries again: what came may be the answers that say no.
  const failing = clocks === 0 && tryingOf(view).length > 0 && onlyData(progress)
  return [
    {
      kind: 'beating',
      cause: null,
      where: null,
      chain: [],
      summary: `${again(view)}${opening(proven, unexplained || failing, beside !== null)}: ${whatMoves(progress, proven)}${hot === null ? '' : `, and ${hot}`}${beside === null ? '' : `, while ${beside}`}.${unexplained ? ' Not all that it waits for could be explained.' : ''}`,
      evidence: view.clocks.map((_, index) => `#/clocks/${index}`),
      signs,
      ...(unexplained || !proven || pings || failing
        ? { cap: 'low' as const }
        : clocks === 0
          ? { cap: 'medium' as const }
          : {}),
      refutedBy:
        'A poll loop of which no clock knows, or one that beats without polling: watch the queue at the server.',
      nextStep: unread
        ? READ_BODIES
        : hot !== null && getsLittle(view)
          ? GIVE_CPU
          : endlessText(view) !== null
            ? END_RECURSION
            : tryingOf(view).length > 0 && clocks === 0
              ? SEE_WHY_IT_FAILS
              : nextStep(proven, unexplained, beside !== null, hot !== null, clocks > 0),
    },
  ]
}

function onlyData(progress: readonly Sign[]): boolean {
  return progress.every(({ weight, text }) => weight === 'weak' || text.startsWith(DATA_CAME))
}

/** `It moved again while it was looked at: orders was silent for 45 s, and beat 629 ms ago. ` */
function again({ evidence }: View): string {
  const clock = movedAgain(evidence)
  if (clock === null || evidence.stall === null) return ''
  return `It moved again while it was looked at: ${clock.name} was silent for ${seconds(evidence.stall.ageMs)}, and beat ${seconds(clock.ageMs)} ago. `
}

function opening(proven: boolean, unexplained: boolean, beside: boolean): string {
  if (!proven) return 'Its event loop turns, but nothing proves that it makes progress'
  if (unexplained) return 'It may be that nothing is wrong'
  return `No stall is seen${beside ? ' yet' : ''}`
}

function whatMoves(progress: readonly Sign[], proven: boolean): string {
  const telling = progress.filter((sign) => sign.weight === 'strong').map((sign) => sign.text)
  return proven ? telling.join(', ') : 'no await moved, no data came'
}

const READ_BODIES =
  'Read or destroy the body of every response: a socket whose answer is not read serves no other request, and a worker that runs out of them moves in bursts.'

const GIVE_CPU =
  'It moves slowly, for want of a CPU: see with top who uses them, and at which priority this process runs.'
/** Of what it wants. */
const LITTLE = 0.2

function getsLittle(view: View): boolean {
  return (view.main?.cpuShare ?? 0) < LITTLE * wantedShare(view)
}

const SEE_WHY_IT_FAILS =
  'See why what is tried again fails, and whether anything else that this process should do goes on.'

function nextStep(proven: boolean, unexplained: boolean, beside: boolean, hot: boolean, timed: boolean): string {
  if (beside || unexplained) return 'Look again in half a minute: what is still in the same place then is stuck.'
  if (hot || !proven) return 'Check whether that code should run so much: conductor-diag record PID shows who calls it.'
  // Who tries again and again moves as well: without a clock nobody can tell.
  if (!timed)
    return 'If tasks still wait, what moves may be attempts that fail, over and over: look at the server and at this worker with conductor-diag watch PID, or give its loop a clock with heartbeat().'
  return 'Nothing to do here. If tasks still wait, look at the server and at this worker with conductor-diag watch PID.'
}

/** `97 % of a CPU is used, most of it seen in makeReport (reports.js:8)`; null for a thread that has time. */
function burning(view: View): string | null {
  const { main } = view
  if (main === null || main.cpuShare === null || (main.turns ?? 0) === 0) return null
  const wanted = wantedShare(view)
  if (wanted < BUSY_SHARE) return null
  const where = hotFrameOf(main.scripts)?.blame.where ?? null
  const share =
    main.cpuShare >= BUSY_SHARE
      ? `${percent(main.cpuShare)} of a CPU is used`
      : `${percent(wanted)} of a CPU is wanted, ${percent(main.cpuShare)} had`
  return `${share}${where === null ? '' : `, most of it seen in ${placeText(where)}`}`
}

/** What has been pending for seconds beside what moves: the oldest. */
function besideIt(view: View): string | null {
  const unanswered = unansweredText(unansweredOf(view).filter(({ sinceMs }) => (sinceMs ?? 0) >= NOTABLE_MS))
  if (unanswered !== null) return unanswered
  const unread = unreadText(view)
  if (unread !== null) return unread
  const failing = view.clocks.find(
    (clock) => clock.failuresInRow > 0 && !clock.paused && (clock.lastSuccessMs ?? Infinity) >= NOTABLE_MS,
  )
  const failed = failing === undefined ? null : failedText(failing)
  if (failed !== null) return failed
  const endless = endlessText(view)
  if (endless !== null) return endless
  const [trying] = tryingOf(view)
  if (trying !== undefined) return tryingText(trying)
  const oldest = pendingOf(view).find((leaf) => pendingMs(leaf) >= NOTABLE_MS) ?? waitBesidePings(view)
  return oldest === null ? null : waitingText(oldest)
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
    if (cause === 'lock') return isHeldSurely(leaf) || isServed(leaf, waitingOf(view))
    return (cause !== 'socket-reply' && cause !== 'http-response') || waits.sinceMs !== undefined
  })
}

/** Whose code mentions it may have it, or be one of those that wait for it: only what serves such a queue explains it. */
function isHeldSurely({ waits }: Leaf): boolean {
  return (waits.holders ?? []).length > 0 && waits.doubt === undefined
}
