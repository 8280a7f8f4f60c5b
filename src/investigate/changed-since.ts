/** Whether a file is another one than the process loaded, by the two times that there are. */
import type { ProcessIdentity } from '../model/process-identity.js'

/** The kernel tells the time of the boot in whole seconds, cut off: a start that is counted from it is up to so much early. */
const EARLY_MS = 1_000

/**
 * A file that is written and started at once (a build, a deployment) is no change: within that second nobody can tell, and
 * nothing is said.
 */
export function changedSince(
  { startTime }: Pick<ProcessIdentity, 'startTime'>,
  { changedAtMs }: { readonly changedAtMs: number },
): boolean {
  return changedAtMs > Date.parse(startTime) + EARLY_MS
}
