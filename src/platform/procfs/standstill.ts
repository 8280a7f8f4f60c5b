/** Whether a thread ran at all between two looks. Samples of a thread that did not run say the same again and again. */
import { tryReadProcText } from './read.js'
import { parseStat } from './stat.js'

/**
 * Watches from now on. The function it returns says whether the thread has stood still since: its time on a CPU and
 * its turns on one (`/proc/PID/task/TID/schedstat`) are as they were, and it does not wait for a CPU, which on a crowded
 * machine takes as long as some of our looks. Where the kernel doesn't count them: false.
 */
export function watchStandstill(root: string, tid: number): () => boolean {
  const task = `${root}/task/${tid}`
  const timesOf = (): string | null => tryReadProcText(`${task}/schedstat`, 256)
  const before = timesOf()
  return () => before !== null && before !== '' && timesOf() === before && !isRunnable(task)
}

function isRunnable(task: string): boolean {
  const stat = tryReadProcText(`${task}/stat`, 1024)
  return stat === null || stat === '' || parseStat(stat).state === 'R'
}
