/** Evidence in, ranked verdicts out. Pure; each rule has a file of its own. */
import type { Evidence } from '../model/evidence.js'
import type { Verdict, VerdictKind } from '../model/verdict.js'
import { confidenceOf, type Candidate, type Rule } from './candidate.js'
import { awaitingUnknown } from './rules/awaiting-unknown.js'
import { beating } from './rules/beating.js'
import { blockedInNative } from './rules/blocked-in-native.js'
import { computing } from './rules/computing.js'
import { unknown } from './rules/unknown.js'
import { viewOf } from './view.js'

const RULES: readonly Rule[] = [computing, blockedInNative, awaitingUnknown, beating]

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
  unknown: 0,
}

/** Never empty: at least `unknown` or `beating`. Ranked, `low` ones after all others. */
export function diagnose(evidence: Evidence): Verdict[] {
  const view = viewOf(evidence)
  const candidates = RULES.flatMap((rule) => rule(view))
  const all = candidates.length === 0 ? [unknown(view)] : candidates
  return all
    .map((candidate) => ({ candidate, verdict: verdictOf(candidate) }))
    .sort(byRank)
    .map((each) => each.verdict)
}

interface Ranked {
  readonly candidate: Candidate
  readonly verdict: Verdict
}

function byRank(one: Ranked, other: Ranked): number {
  return (
    sureness(other.verdict) - sureness(one.verdict) ||
    PRECEDENCE[other.verdict.kind] - PRECEDENCE[one.verdict.kind] ||
    (other.candidate.weight ?? 0) - (one.candidate.weight ?? 0)
  )
}

function sureness(verdict: Verdict): number {
  return verdict.confidence === 'low' ? 0 : 1
}

function verdictOf(candidate: Candidate): Verdict {
  const { cap, weight: _weight, signs, ...rest } = candidate
  return { ...rest, confidence: confidenceOf(signs, cap), signs: signs.map((sign) => sign.text) }
}
