/**
 * What ends the worker when `run` itself is killed by SIGKILL and can do nothing any more: a shell that waits for the
 * end of a pipe only we hold. 1 MB, where a second Node would be 40; and unlike prctl(PR_SET_PDEATHSIG) it needs no
 * code in the worker and reaches the whole process group.
 */
import { spawn } from 'node:child_process'

/** Time between SIGTERM and SIGKILL, s. Whole seconds: that is what every `sleep` takes. */
const KILL_AFTER_SECONDS = 10

// `read` fails at the end of the pipe, and succeeds on the line that dismisses the guard.
const SCRIPT = `read line && exit 0
kill -s TERM -- "-$1" 2>/dev/null || exit 0
n=0
while [ "$n" -lt ${KILL_AFTER_SECONDS} ] && kill -s 0 -- "-$1" 2>/dev/null; do sleep 1; n=$((n+1)); done
kill -s KILL -- "-$1" 2>/dev/null`

export interface Guard {
  readonly pid: number | undefined
  /** The worker is gone: its number may soon be somebody else's. `gone` is called when the guard has ended too. */
  dismiss(gone?: () => void): void
}

/**
 * @param group the worker's process group
 * @param unavailable called when there is no shell (an image without one): the worker then outlives our SIGKILL
 */
export function startGuard(group: number, unavailable: (reason: string) => void, shell = '/bin/sh'): Guard {
  // A session of its own: a signal to our process group must not take the guard along.
  const guard = spawn(shell, ['-c', SCRIPT, 'conductor-diag-guard', String(group)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: process.env['PATH'] === undefined ? {} : { PATH: process.env['PATH'] },
  })
  guard.on('error', (error) => unavailable(error.message))
  // EPIPE when the guard is gone before us: its `exit` tells that already.
  guard.stdin.on('error', () => undefined)
  guard.on('exit', () => unavailable('its guard was ended'))
  guard.unref()
  return {
    pid: guard.pid,
    dismiss(gone = () => undefined) {
      guard.removeAllListeners()
      guard.on('exit', gone)
      guard.on('error', () => undefined)
      guard.stdin.end('over\n')
    },
  }
}
