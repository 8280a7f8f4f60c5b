/** Whether a thread ran at all between two looks. Samples of a thread that did not run say the same again and again. */
import { tryReadProcText } from './read.js'

/**
 * Watches from now on. The function it returns says whether the thread has stood still since: its time on a CPU and
 * its turns on one (`/proc/PID/task/TID/schedstat`) are as they were. Where the kernel doesn't count them: false.
 */
export function watchStandstill(root: string, tid: number): () => boolean {
  const path = `${root}/task/${tid}/schedstat`
  const before = tryReadProcText(path, 256)
  return () => before !== null && before !== '' && tryReadProcText(path, 256) === before
}
