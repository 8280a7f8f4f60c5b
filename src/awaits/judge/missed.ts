/** Whether what settles a wait may only have been missed, since garbage was collected between the scan and the searches. */
import type { WaitFacts } from '../../model/wait.js'

/**
 * What was found on a path all of whose references were read again before it was named: a table of resolvers, a set of
 * `waitAsync`, a clock of tests. A second search finds the same.
 */
const FOUND: ReadonlySet<string> = new Set(['entry', 'atomics', 'fake-timer'])

/**
 * For nothing, for whatever is only held by something, and for a lock whose holder was not found, one more search is worth its
 * time.
 */
export function isMissed(wait: WaitFacts): boolean {
  if (wait.kind === 'nothing') return true
  if (wait.kind === 'lock') return wait.holders === undefined && wait.paused !== true
  return wait.kind === 'unknown' && (wait.cutShort === true || !FOUND.has(wait.why ?? ''))
}
