/** Whether the control group leaves room for one more thread that looks around: a capture must never be what kills. */
import { readCgroup } from '../../platform/procfs/cgroup.js'

const NEEDED_BYTES = 100 * 2 ** 20

/** True where no limit is known. Reads /proc and cgroup files only, which never wait for a disk. */
export function hasMemoryToSpare(): boolean {
  try {
    const cgroup = readCgroup('/proc/self')
    const limit = cgroup?.memoryLimitBytes ?? null
    const used = cgroup?.memoryUsedBytes ?? null
    return limit === null || used === null || limit - used >= NEEDED_BYTES
  } catch {
    // Not to be read: no reason to think that there is a limit.
    return true
  }
}
