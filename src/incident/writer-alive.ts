/** Whether the process that writes a bundle still lives: the same pid, started at the same time. */
import { readStat } from '../platform/procfs/stat.js'
import type { BundleWriterIdentity } from './bundle-format.js'

export function isWriterAlive(writer: BundleWriterIdentity): boolean {
  if (writer.startTicks === null) return signalReaches(writer.pid)
  try {
    return readStat(`/proc/${writer.pid}`).startTicks === writer.startTicks
  } catch {
    // No such process.
    return false
  }
}

/** Off Linux, where no start time was noted. EPERM: there, and another user's. */
function signalReaches(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM'
  }
}
