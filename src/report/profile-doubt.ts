/**
 * Whether a CPU profile and the stacks that the verdict rests on tell the same. V8's profiler, attached late to a loop
 * that runs optimised, gives its time to the function that was entered before: the stacks are right then.
 */
import type { Evidence } from '../model/evidence.js'
import type { Verdict } from '../model/verdict.js'

/** Under this share of the samples a function is not what a process computes. */
const TELLING = 0.1

/** One sentence, or null where they agree or there is nothing to compare. */
export function profileDoubt(evidence: Evidence | null, verdict: Verdict): string | null {
  const profile = evidence?.profile
  if (!profile || verdict.kind !== 'computing' || verdict.where === null) return null
  const { where } = verdict
  const busy = profile.hot.filter(({ share }) => share >= TELLING)
  const [hottest] = busy
  if (hottest === undefined) return null
  if (busy.some((each) => each.function === (where.function ?? '') && each.file === where.file)) return null
  const name = hottest.function === '' ? '(anonymous)' : hottest.function
  return (
    `The CPU profile gives ${Math.round(hottest.share * 100)} % of its time to ${name}, the stacks show ${where.function ?? 'other code'}: ` +
    'the stacks are right. The profiler was attached while optimised code ran, and V8 then names the function by which ' +
    'that code was entered.'
  )
}
