/**
 * `ended`: the poll loop is not late, it is gone. Its promise was rejected and somebody swallowed that, or the process
 * was about to end for want of anything alive. Known from inside only.
 */
import type { EndedPoller } from '../../model/evidence.js'
import type { ClockReading } from '../../model/heartbeat.js'
import type { Verdict } from '../../model/verdict.js'
import { blameAwait, placeText } from '../view/blame.js'
import { strong, weak, type Candidate } from '../view/candidate.js'
import { failedText } from '../view/phrases.js'
import type { View } from '../view/view.js'

export function ended(view: View): readonly Candidate[] {
  const seen = view.evidence.ended ?? []
  const bare = view.clocks.filter((clock) => clock.ended && !seen.some((each) => each.clock === clock.name))
  return [...seen.map((each) => endedCandidate(view, each)), ...bare.map((clock) => bareCandidate(view, clock))]
}

function endedCandidate(view: View, poller: EndedPoller): Candidate {
  return poller.cause === 'exception' ? byException(view, poller) : byNothing(view, poller)
}

function byException(view: View, poller: EndedPoller): Candidate {
  const error = [poller.errorName, poller.errorMessage].filter(Boolean).join(': ')
  const origin = originOfStack(poller.errorStack)
  return {
    ...BASE,
    cause: 'exception',
    where: null,
    chain: [],
    summary: `The loop of ${poller.clock} has ended: ${error === '' ? 'it was rejected' : `it was rejected with ${error}`}${origin === null ? '' : `, thrown at ${origin}`}, and nobody said so.`,
    evidence: clockPointer(view, poller.clock),
    signs: [strong(`the promise of ${poller.clock} was rejected`), strong('it was neither stopped nor paused')],
    nextStep:
      'Fix what threw; and let an unhandled rejection end the process: an unhandledRejection listener hides that a loop is gone.',
  }
}

function byNothing(view: View, poller: EndedPoller): Candidate {
  const tree = view.last.awaits
  const stuck = tree?.awaits.find((node) => node.waitsFor?.kind === 'nothing')
  const own = view.clocks.find((clock) => clock.name === poller.clock)?.kind === 'custom'
  // Only a reading that came to its end can say that nobody waits.
  const nobodyWaits = tree !== null && tree.cutShort !== true && tree.awaits.length === 0
  const blame = stuck === undefined ? null : blameAwait(stuck)
  const suspended = nobodyWaits ? ', and no async function is suspended' : ''
  const left = blame?.where ? `, and ${placeText(blame.where)} waits for what nothing can settle` : suspended
  const otherwise = nobodyWaits ? meantText(own) : `${FIND} ${meantText(own)}`
  return {
    ...BASE,
    cause: 'nothing-alive',
    where: blame?.where ?? null,
    chain: blame?.chain ?? [],
    summary: `The process was about to end with code 0 although ${poller.clock} was neither paused nor ${own ? 'disposed' : 'stopped'}: nothing alive was left${left}.`,
    evidence: clockPointer(view, poller.clock),
    signs: [strong('beforeExit came while the poller was running'), weak('no handle or request was left')],
    nextStep: stuck === undefined ? otherwise : FIND,
  }
}

/**
 * With what somebody still waited for: that nothing alive was left is proof enough that it never comes. A loop that came to its
 * end by itself may leave such a wait behind too, so both are said.
 */
export function endedWaiting(view: View, verdict: Verdict, waits: Verdict): Verdict {
  if (verdict.cause !== 'nothing-alive' || verdict.where !== null || waits.where === null) return verdict
  return {
    ...verdict,
    where: waits.where,
    chain: waits.chain,
    summary: `${verdict.summary} Meanwhile ${waits.summary}`,
    evidence: [...new Set([...verdict.evidence, ...waits.evidence])],
    nextStep: `${waits.nextStep} ${meantText(isOwn(view, verdict))}`,
    ...(waits.work === undefined || verdict.work !== undefined ? {} : { work: waits.work }),
  }
}

/** The application's own heartbeat, by the clock that the verdict points at. */
function isOwn({ clocks }: View, { evidence }: Verdict): boolean {
  return clocks.some((clock, index) => clock.kind === 'custom' && evidence.includes(`#/clocks/${index}`))
}

const FIND =
  'Find the promise that the poll loop waited for; nothing (no timer, socket or child) was left to settle it.'

/** A loop that came to its end by itself leaves no promise to be found. */
function meantText(own: boolean): string {
  const declared = own
    ? 'dispose the heartbeat at the end of the loop, or open it with heartbeat(name, { endless: false })'
    : 'stop the poller first'
  return `If that is how it is meant to end, ${declared}; if not, see what made the loop end.`
}

/** From outside, where its error is not known: that of its last poll is, as a rule. */
function bareCandidate(view: View, clock: ClockReading): Candidate {
  const nothing = { errorName: null, errorMessage: null, errorStack: null }
  const candidate = byException(view, { clock: clock.name, cause: 'exception', ...nothing })
  const failed = failedText(clock)
  return failed === null ? candidate : { ...candidate, signs: [...candidate.signs, weak(failed)] }
}

const BASE = {
  kind: 'ended',
  refutedBy: 'A beat of this poller after the verdict, or a call of its stop method before it.',
} as const

function clockPointer(view: View, name: string): readonly string[] {
  const index = view.clocks.findIndex((clock) => clock.name === name)
  return index < 0 ? [] : [`#/clocks/${index}`]
}

/** First line of an error's stack that is a place: `execute (/srv/worker.js:10:3)`. */
function originOfStack(stack: string | null): string | null {
  const match = /^\s+at (.+)$/m.exec(stack ?? '')
  return match?.[1] ?? null
}
