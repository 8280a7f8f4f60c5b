/**
 * As pid 1 of a container, `run` inherits every process whose parent ends, and has to wait for each when it ends itself,
 * or it stays as a zombie. Only those that Node did not start: a child of Node's is waited for by libuv, and nobody else
 * may take its end away.
 */
import { loadKoffi } from '../platform/native-calls.js'
import { listChildren } from '../platform/procfs/children.js'
import { readStat } from '../platform/procfs/stat.js'

const LOOK_EVERY_MS = 1000
const WNOHANG = 1

type WaitPid = (pid: number, status: null, options: number) => number

/** waitpid(2), or the reason why it can't be had. */
function loadWaitPid(): WaitPid | string {
  try {
    return loadKoffi().load(null).func('int waitpid(int pid, void *status, int options)') as WaitPid
  } catch (thrown) {
    return thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : String(thrown)
  }
}

/**
 * @param isOurs of a pid that Node waits for itself
 * @returns what ends it; `unavailable` is called with a reason when zombies will stay
 */
export function startReaper(isOurs: (pid: number) => boolean, unavailable: (reason: string) => void): () => void {
  const wait = loadWaitPid()
  if (typeof wait === 'string') {
    unavailable(wait)
    return () => undefined
  }
  const timer = setInterval(() => {
    for (const pid of listChildren('/proc/self', process.pid)) {
      if (!isOurs(pid) && isZombie(pid)) wait(pid, null, WNOHANG)
    }
  }, LOOK_EVERY_MS)
  timer.unref()
  return () => clearInterval(timer)
}

function isZombie(pid: number): boolean {
  try {
    return readStat(`/proc/${pid}`).state === 'Z'
  } catch {
    // Gone meanwhile.
    return false
  }
}
