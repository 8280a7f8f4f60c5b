/**
 * `idle`: alive, and nothing proves progress or a stall. It tells what is pending and for how long, and what keeps the
 * process alive; whether that is how it should be, only its owner knows. Never above `low`.
 */
import type { VerdictPlace } from '../../model/verdict.js'
import { originOf } from '../../source/origin.js'
import { aliveBy } from '../view/alive.js'
import { placeOf, placeText } from '../view/blame.js'
import { weak, type Candidate, type Sign } from '../view/candidate.js'
import { END_RECURSION, endlessText } from '../view/endless-recursion.js'
import { isHttp, waitingOf, type Leaf } from '../view/leaf.js'
import { jobsOf, jobsText, unansweredOf, unansweredText, unreadText, waitingText } from '../view/pending.js'
import { plural, seconds } from '../view/phrases.js'
import { pendingOf, progressOf } from '../view/progress.js'
import { type Turning, turningOf, turningText, unclearText } from '../view/turning.js'
import { pointersOfAwait, pointerTo } from '../view/pointers.js'
import { isTrying, placeOfTrying, tryingOf, tryingText } from '../view/trying.js'
import { deadConnections } from '../view/watched-dead.js'
import type { View } from '../view/view.js'
import { wentOnFrom } from '../view/went-on.js'
import { beating } from './beating.js'

const MOST_PENDING = 3

export function idle(view: View): readonly Candidate[] {
  const { main } = view
  if (view.silent || main === null || main.last.state === 'stopped') return []
  // Where neither its awaits nor its loop could be read, what waits for events may be wedged in any way.
  if (view.last.awaits === null && main.last.loop === undefined) return []
  // Alive means that its loop answers: it polls, or has turned. With one look and no awaits nobody can tell.
  const answers = main.idle || main.last.state === 'idle' || (main.turns ?? 0) > 0
  const compared = view.first !== view.last
  if (!answers || (!compared && view.last.awaits === null)) return []
  if (beating(view).length > 0 || deadConnections(view).length > 0) return []
  const trying = tryingOf(view)
  const pending = pendingOf(view).filter(({ node }) => !isTrying(trying, node))
  const [turning] = turningOf(view).filter(({ node }) => !isTrying(trying, node))
  const [tries] = trying.map((each) => ({ blame: placeOfTrying(each), index: each.index }))
  const oldest = tries ?? turning ?? pending[0]
  return [
    {
      kind: 'idle',
      cause: null,
      where: oldest?.blame.where ?? handlerOf(view) ?? processorOf(view),
      chain: oldest?.blame.chain ?? [],
      summary: summaryOf(view, pending),
      evidence: [
        ...pointerTo('threads', main.index),
        ...(oldest && oldest.index >= 0 ? pointersOfAwait(view, oldest.index) : []),
      ],
      signs: signsOf(view),
      cap: 'low',
      refutedBy:
        'A later look in which something moves (then it makes progress), or work that should have been done by now.',
      nextStep: nextOf(view, tries !== undefined, turning, pending.length > 0),
    },
  ]
}

/** Where nothing waits, the one function that has the oldest request without an answer. */
function handlerOf(view: View): VerdictPlace | null {
  const [oldest] = unansweredOf(view)
  const [handler, other] = oldest?.handlers ?? []
  // What the client has not sent yet, the handler can't answer.
  if (handler === undefined || other !== undefined || oldest?.body !== undefined) return null
  return originOf(handler.file) === 'user' ? placeOf(handler) : null
}

/** Where nothing waits, the processor of the oldest job that has not ended. */
function processorOf(view: View): VerdictPlace | null {
  const processor = jobsOf(view)[0]?.processor ?? null
  return processor === null || originOf(processor.file) !== 'user' ? null : placeOf(processor)
}

function nextOf(view: View, tries: boolean, turning: Turning | undefined, pending: boolean): string {
  const [unanswered] = unansweredOf(view)
  if (unanswered?.body !== undefined)
    return 'See whether the client sends the rest of that body, and whether the handler reads it: limit how long a request may take to come in (requestTimeout of the server).'
  if (unanswered !== undefined)
    return `${unanswered.handlers === undefined ? 'Find the handler' : 'Look into the handler'} of that request: it never ends its response (a callback that is not called, an error that is dropped).`
  if (endlessText(view) !== null) return END_RECURSION
  if (jobsOf(view).length > 0 && !pending)
    return 'Look into the processor of that job: if it should have ended by now, it does not call done, or its promise never settles. Give jobs a time limit.'
  if (tries) return 'See why what is tried again fails: ask the one it calls, and limit the attempts.'
  if (turning !== undefined)
    return `See what ${placeText(turning.blame.where)} looks for each time it wakes. If it is still there in half a minute, it never comes: give the search an end.`
  return pending
    ? 'Look again in half a minute: what is still in the same place then is stuck, if it should be quicker.'
    : 'If it should work now, find out what should wake it; if it should have ended, close what keeps it alive.'
}

function summaryOf(view: View, pending: readonly Leaf[]): string {
  const trying = tryingOf(view)
  const turning = turningOf(view).filter(({ node }) => !isTrying(trying, node))
  // Whatever was collected between the looks: which of its calls woke does not matter.
  const endless = endlessText(view)
  const unclear = trying.length > 0 || endless !== null ? null : unclearText(view)
  const changing = changingIn(view, pending)
  const moves = turning.length > 0 || trying.length > 0 || unclear !== null || endless !== null
  const within =
    view.first === view.last || moves || changing !== undefined ? '' : `: nothing moved in ${seconds(view.spanMs)}`
  const parts = [`It is alive, and nothing proves that it makes progress or that it is stuck${within}.`]
  const unanswered = unansweredText(unansweredOf(view))
  if (unanswered !== null) parts.push(`${unanswered}.`)
  const jobs = jobsText(jobsOf(view))
  if (jobs !== null) parts.push(`${jobs}.`)
  const unread = unreadText(view)
  if (unread !== null) parts.push(`${unread}.`)
  if (endless !== null) parts.push(`${endless}.`)
  for (const each of trying.slice(0, MOST_PENDING)) parts.push(`${tryingText(each)}.`)
  for (const leaf of turning.slice(0, MOST_PENDING)) parts.push(`Again and again ${turningText(leaf)}.`)
  if (unclear !== null) parts.push(`${unclear}.`)
  if (changing !== undefined)
    parts.push(`At ${placeText(changing.blame.where)} calls come and go: they are let through there, or they give up.`)
  const told = moves && pending.length === 0 ? null : pendingText(view, pending)
  if (told !== null) parts.push(told)
  const alive = aliveBy(view)
  if (alive.length > 0) parts.push(`It is kept alive by ${alive.join('; ')}.`)
  return parts.join(' ')
}

/** A wait in whose place a call of an earlier look is gone. */
function changingIn(view: View, pending: readonly Leaf[]): Leaf | undefined {
  return pending.find(({ node, blame }) => blame.where !== null && wentOnFrom(view, node) === 'gone')
}

/** What a program waits for until somebody ends it. */
function signalsOf(view: View): readonly string[] {
  const events = waitingOf(view).flatMap(({ waits }) => (waits.event?.startsWith('SIG') === true ? waits.event : []))
  return [...new Set(events)]
}

function pendingText(view: View, pending: readonly Leaf[]): string | null {
  const { last } = view
  if (last.awaits === null) return 'Its awaits could not be read.'
  const [only] = pending
  if (only === undefined)
    return last.awaits.cutShort === true
      ? 'Its awaits could not be read to the end: what it waits for is not known.'
      : signalsOf(view).length > 0
        ? `It waits for the signal ${signalsOf(view).join(', ')}, as a server does until it is to end.`
        : last.awaits.awaits.some(({ waitsFor, doubtful }) => waitsFor?.kind === 'await' && doubtful !== true)
          ? 'Functions wait for each other, and what the innermost of them waits for was not found.'
          : 'No function of yours is waiting.'
  if (pending.length === 1) {
    const normal =
      only.waits.blocking !== undefined
        ? ': normal while nothing is there for it, a stall otherwise'
        : isHttp(only)
          ? ': normal for a long poll, a stall otherwise'
          : ''
    return `All that is pending: ${waitingText(only)}${normal}.`
  }
  const shown = pending.slice(0, MOST_PENDING).map(waitingText)
  const more = pending.length > shown.length ? `; and ${pending.length - shown.length} more` : ''
  return `Pending, the oldest first: ${shown.join('; ')}${more}.`
}

function signsOf(view: View): Sign[] {
  const { main } = view
  const signs: Sign[] = []
  if (main?.idle === true) signs.push(weak('the main thread waits for events'))
  if (main?.turns != null && main.turns > 0) {
    signs.push(
      weak(`the event loop turned ${plural(main.turns, 'time')} in ${seconds(view.spanMs)}, which timers do too`),
    )
  }
  if (
    view.first !== view.last &&
    view.last.awaits !== null &&
    turningOf(view).length === 0 &&
    tryingOf(view).length === 0 &&
    unclearText(view) === null &&
    changingIn(view, pendingOf(view)) === undefined
  )
    signs.push(weak('no await moved between the looks'))
  return [...signs, ...progressOf(view)]
}
