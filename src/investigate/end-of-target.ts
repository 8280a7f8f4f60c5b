/** Whether a process ended while it was looked at: what is read of it then is nothing, or of another with its pid. */
import { StallError, toStallError } from '../model/stall-error.js'
import type { Target } from '../model/target.js'
import { readStat } from '../platform/procfs/stat.js'

/** Null while the process that was opened is there; never throws. One that its parent has not collected has ended. */
export function endOf({ pid, procRoot, inside, startTicks }: Target): StallError | null {
  if (inside || procRoot === null) return null
  try {
    const { state, startTicks: now } = readStat(procRoot)
    const isThere = state !== 'Z' && state !== 'X' && (startTicks === null || now === startTicks)
    return isThere ? null : ended(pid)
  } catch (thrown) {
    // Whatever else hinders the reading is no proof of an end.
    return toStallError(thrown).code === 'ERR_STALL_NO_SUCH_PROCESS' ? ended(pid, thrown) : null
  }
}

function ended(pid: number, cause?: unknown): StallError {
  return new StallError('ERR_STALL_NO_SUCH_PROCESS', `process ${pid} ended while it was looked at`, {
    help: 'conductor-diag ps lists the Node processes that are there.',
    ...(cause === undefined ? {} : { cause }),
  })
}
