/**
 * One connection for all that the inspector gives: opened when the first capturer wants it, ended once by whoever
 * made the access. A port that was opened for it is closed by the same end.
 */
import { StallError } from '../model/stall-error.js'
import type { Target } from '../model/target.js'
import type { CdpConnection } from './connection/cdp-connection.js'
import { isDebuggerAttached } from './connection/debug-port.js'
import { observeActivity } from './stack/activity.js'

export interface InspectorAccess {
  /**
   * The connection; the same one for every caller. Refuses before anything is attached where no answer can come, and
   * where a loop that waits has nothing to show: unless the caller wants the heap, which is there in a quiet process too.
   * @throws StallError ERR_STALL_NOTHING_RUNNING, ERR_STALL_INSPECTOR_UNAVAILABLE, and what connecting throws
   */
  connection(target: Target, deadlineMs: number, options?: { readonly idleToo?: boolean }): Promise<CdpConnection>
  /** After each capture: inside, nothing stays attached between two; from outside, one opening has to serve for all. */
  release(): Promise<void>
  /** Ends the connection if there is one; never throws and never waits long. */
  close(): Promise<void>
}

/** What opening gave, and how to undo more than the connection itself. */
export interface Opened {
  readonly connection: CdpConnection
  /** Closes a port that was opened; the connection is still open then. */
  readonly beforeDisconnect?: () => Promise<void>
}

export function createInspectorAccess(
  open: (target: Target, deadlineMs: number) => Promise<Opened>,
  options: { readonly keep: boolean },
): InspectorAccess {
  let opened: Promise<Opened> | null = null
  /** Opened although nothing runs: that is still to be asked for whoever wants something that runs. */
  let openedIdle = false
  const close = async (): Promise<void> => {
    const ending = opened
    opened = null
    if (ending !== null) await end(ending)
  }
  return {
    release: () => (options.keep ? Promise.resolve() : close()),
    close,
    async connection(target, deadlineMs, { idleToo = false } = {}) {
      if (opened === null || (openedIdle && !idleToo)) await refuseWhereNothingAnswers(target, idleToo)
      if (opened === null) {
        openedIdle = idleToo
        opened = open(target, deadlineMs)
      }
      const { connection } = await opened
      if (connection.closed) {
        throw new StallError('ERR_STALL_INSPECTOR_UNAVAILABLE', `${connection.description} was closed`)
      }
      return connection
    },
  }
}

async function end(opened: Promise<Opened>): Promise<void> {
  try {
    const { connection, beforeDisconnect } = await opened
    await beforeDisconnect?.()
    connection.disconnect()
  } catch {
    // It never opened, which its capturer has reported; or the target is gone, and the connection with it.
  }
}

async function refuseWhereNothingAnswers(target: Target, idleToo: boolean): Promise<void> {
  if (target.procRoot !== null && isDebuggerAttached(target.procRoot)) {
    throw new StallError(
      'ERR_STALL_INSPECTOR_UNAVAILABLE',
      'a debugger is attached already, and pausing is its business',
      {
        help: 'Detach it, or look from memory: conductor-diag dump PID --engine memory',
      },
    )
  }
  const activity = await observeActivity(target)
  switch (activity.kind) {
    case 'idle':
      if (!idleToo) throw nothingRunning()
      return
    case 'stopped':
      throw new StallError('ERR_STALL_INSPECTOR_UNAVAILABLE', 'the process is stopped by a signal or a debugger', {
        help: `Continue it: kill -CONT ${target.pid}`,
      })
    case 'native':
      throw new StallError(
        'ERR_STALL_INSPECTOR_UNAVAILABLE',
        `the main thread is in the system call ${activity.syscall.name}, where the inspector can't answer`,
        { help: 'The memory engine needs no answer: conductor-diag dump PID --engine memory' },
      )
    case 'running':
    case 'futex':
    case 'unknown':
  }
}

export function nothingRunning(): StallError {
  return new StallError('ERR_STALL_NOTHING_RUNNING', 'the event loop turns and no JavaScript is running: it waits', {
    help: 'What it waits for is in the await tree, not on the stack.',
  })
}
