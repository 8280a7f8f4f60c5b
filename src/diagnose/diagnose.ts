/** Evidence in, ranked verdicts out. Pure; each rule has a file of its own. */
import type { Evidence } from '../model/evidence.js'
import type { Verdict, VerdictKind } from '../model/verdict.js'
import { confidenceOf, RANK, type Candidate, type Rule } from './view/candidate.js'
import { awaitingChildMessage } from './rules/awaiting-child-message.js'
import { awaitingConnectionHealed } from './rules/awaiting-connection-healed.js'
import { awaitingConnectionMuted } from './rules/awaiting-connection-muted.js'
import { awaitingConnectionReusedDead } from './rules/awaiting-connection-reused-dead.js'
import { awaitingHttpResponse } from './rules/awaiting-http-response.js'
import { awaitingLock } from './rules/awaiting-lock.js'
import { awaitingCollected } from './rules/awaiting-collected.js'
import { awaitingNeverSettles } from './rules/awaiting-never-settles.js'
import { awaitingNotConnected } from './rules/awaiting-not-connected.js'
import { awaitingPoolExhausted } from './rules/awaiting-pool-exhausted.js'
import { awaitingPoolRequest } from './rules/awaiting-pool-request.js'
import { awaitingSlotsExhausted } from './rules/awaiting-slots-exhausted.js'
import { awaitingSocketReply } from './rules/awaiting-socket-reply.js'
import { awaitingSocketUnacknowledged } from './rules/awaiting-socket-unacknowledged.js'
import { awaitingStream } from './rules/awaiting-stream.js'
import { awaitingThreadMessage, workerThreads } from './rules/awaiting-thread-message.js'
import { awaitingThreadpoolExhausted } from './rules/awaiting-threadpool-exhausted.js'
import { awaitingTimer } from './rules/awaiting-timer.js'
import { awaitingUnknown } from './rules/awaiting-unknown.js'
import { beating } from './rules/beating.js'
import { blockedInNative } from './rules/blocked-in-native.js'
import { collectingGarbage } from './rules/collecting-garbage.js'
import { computing } from './rules/computing.js'
import { cpuStarved } from './rules/cpu-starved.js'
import { ended, endedWaiting } from './rules/ended.js'
import { idle } from './rules/idle.js'
import { paging } from './rules/paging.js'
import { pausedByDebugger } from './rules/paused-by-debugger.js'
import { starvingTheLoop } from './rules/starving-the-loop.js'
import { stopped } from './rules/stopped.js'
import { unknown } from './rules/unknown.js'
import { leavesOf } from './view/leaf.js'
import { unclearForMs } from './view/turning.js'
import { viewOf, type View } from './view/view.js'
import { wentOnFrom } from './view/went-on.js'
import { workOf } from './view/work.js'
import { worksText } from '../model/work.js'

const RULES: readonly Rule[] = [
  stopped,
  pausedByDebugger,
  ended,
  cpuStarved,
  paging,
  collectingGarbage,
  starvingTheLoop,
  blockedInNative,
  computing,
  awaitingChildMessage,
  awaitingConnectionHealed,
  awaitingConnectionMuted,
  awaitingConnectionReusedDead,
  awaitingHttpResponse,
  awaitingLock,
  awaitingNeverSettles,
  awaitingCollected,
  awaitingPoolExhausted,
  awaitingNotConnected,
  awaitingPoolRequest,
  awaitingSlotsExhausted,
  awaitingSocketReply,
  awaitingSocketUnacknowledged,
  awaitingStream,
  awaitingThreadMessage,
  awaitingThreadpoolExhausted,
  awaitingTimer,
  awaitingUnknown,
  workerThreads,
  beating,
  idle,
]

/** What a verdict that is more than a guess makes meaningless: those are symptoms of it. */
const SILENCES: Readonly<Partial<Record<VerdictKind, readonly VerdictKind[]>>> = {
  stopped: ['blocked-in-native', 'computing', 'awaiting', 'cpu-starved', 'paging', 'beating', 'idle'],
  'paused-by-debugger': ['blocked-in-native', 'computing', 'awaiting', 'beating', 'idle'],
  'collecting-garbage': ['computing', 'beating', 'idle'],
  'starving-the-loop': ['computing', 'awaiting', 'beating', 'idle'],
  'cpu-starved': ['beating', 'idle'],
  paging: ['beating', 'idle'],
  ended: ['beating', 'idle'],
  // That the thread runs and does not return is the same said less precisely.
  'blocked-in-native': ['computing', 'beating', 'idle'],
  computing: ['beating', 'idle'],
  awaiting: ['beating', 'idle'],
}

/**
 * The one whose removal would end the stall comes first: a stopped process can do nothing else, a throttled one
 * computes slowly, and so on down.
 */
const PRECEDENCE: Readonly<Record<VerdictKind, number>> = {
  stopped: 11,
  'paused-by-debugger': 10,
  ended: 9,
  'cpu-starved': 8,
  paging: 7,
  'collecting-garbage': 6,
  'starving-the-loop': 5,
  'blocked-in-native': 4,
  computing: 3,
  awaiting: 2,
  beating: 1,
  idle: 1,
  unknown: 0,
}

/** Never empty: at least `unknown`, `idle` or `beating`. Ranked, `low` ones after all others. */
export function diagnose(evidence: Evidence): Verdict[] {
  const view = viewOf(evidence)
  const candidates = RULES.flatMap((rule) => rule(view))
  const all = candidates.length === 0 ? [unknown(view)] : candidates
  const sorted = besideProof(all)
    .map((candidate) => ({ candidate, verdict: verdictOf(view, candidate) }))
    .sort(byRank)
  const ranked = placeTheEnd(view, sorted)
  const silenced = new Set(ranked.flatMap(silencedBy))
  return ranked
    .map((each) => each.verdict)
    .filter((verdict) => !silenced.has(verdict.kind))
    .slice(0, MAX_VERDICTS)
}

/**
 * In how many ms another look would tell whether something gets on, or a queue is served, which a collection between the looks
 * hides; null where nothing is hidden, or where more than that is known.
 */
export function clearerInMs(evidence: Evidence): number | null {
  const [first] = diagnose(evidence)
  const view = viewOf(evidence)
  if (first?.kind === 'idle' || first?.kind === 'beating') return unclearForMs(view)
  if (first?.cause !== 'lock' && first?.cause !== 'pool-exhausted') return null
  const waits = leavesOf(view).filter(({ cause }) => cause === first.cause)
  return waits.some(({ node }) => wentOnFrom(view, node) === 'unclear') ? SERVED_WITHIN_MS : null
}

/** A queue that is served lets somebody through in that time. */
const SERVED_WITHIN_MS = 450

/**
 * A crowded machine makes everything slow, and ends no deadlock by getting quiet: with a wait that is proven to stand whatever
 * the CPU, the lack of CPU is told after it.
 */
function besideProof(all: readonly Candidate[]): readonly Candidate[] {
  const proven = all.some(({ needsNoCpu, signs, cap }) => needsNoCpu === true && confidenceOf(signs, cap) !== 'low')
  if (!proven) return all
  return all.map((each) =>
    each.cause === 'run-queue' ? { ...each, cap: each.cap ?? 'medium', ranksAs: 'low' as const } : each,
  )
}

/** An end for want of anything alive is told with the first wait that has a place: what was awaited there can't come any more. */
function placeTheEnd(view: View, ranked: readonly Ranked[]): readonly Ranked[] {
  const waits = ranked.find(({ verdict }) => verdict.kind === 'awaiting' && verdict.where !== null)?.verdict
  if (waits === undefined) return ranked
  return ranked.map((each) =>
    each.verdict.kind === 'ended' ? { ...each, verdict: endedWaiting(view, each.verdict, waits) } : each,
  )
}

/** One that ranks higher than it may claim is no proof against what moves; `idle` would only say the same again. */
function silencedBy(one: Ranked): readonly VerdictKind[] {
  if (one.verdict.confidence !== 'low') return SILENCES[one.verdict.kind] ?? []
  return sureness(one) > 0 ? ['idle'] : []
}

/** Parked tasks are grouped by place; what is left beyond this helps nobody. */
const MAX_VERDICTS = 12

interface Ranked {
  readonly candidate: Candidate
  readonly verdict: Verdict
}

function byRank(one: Ranked, other: Ranked): number {
  return (
    sureness(other) - sureness(one) ||
    PRECEDENCE[other.verdict.kind] - PRECEDENCE[one.verdict.kind] ||
    (other.candidate.weight ?? 0) - (one.candidate.weight ?? 0) ||
    RANK[other.verdict.confidence] - RANK[one.verdict.confidence]
  )
}

function sureness({ candidate, verdict }: Ranked): number {
  if (candidate.young === true && verdict.confidence === 'low') return -1
  const rank = candidate.ranksAs ?? verdict.confidence
  return rank === 'low' ? 0 : 1
}

function verdictOf(view: View, candidate: Candidate): Verdict {
  const { cap, weight: _weight, ranksAs: _ranksAs, young: _young, needsNoCpu: _needsNoCpu, signs, ...rest } = candidate
  const verdict = { ...rest, confidence: confidenceOf(signs, cap), signs: signs.map((sign) => sign.text) }
  const work = workOf(view, candidate)
  if (work.length === 0) return verdict
  return { ...verdict, summary: `${verdict.summary} This is work of ${worksText(work)}.`, work }
}
