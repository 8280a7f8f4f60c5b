/**
 * The agent's way in: an in-process session from one of its own threads to the main thread. No port is opened, no
 * permission is needed, and V8 answers as long as the main thread runs JavaScript or waits in `Atomics.wait`.
 *
 * HAZARD: a thread that had a session must not end before the main thread has taken note of the session's end. While
 * it does, it posts to that thread (node: src/inspector/main_thread_interface.cc, ThreadSafeDelegate); if the thread is
 * being torn down in that moment, the post asks the platform for a task runner of an isolate that is gone, and that
 * aborts the whole process (SIGABRT, seen in one of six runs on Node 20, 22, 24 and 26). So: end such a thread only
 * after `mainThreadAtRest()`, and never by `terminate()` before, unless the process is to end anyway.
 */
import { Session } from 'node:inspector'
import { StallError, toStallError } from '../../model/stall-error.js'
import {
  type CdpConnection,
  type CdpEvents,
  type CommandParams,
  type CdpCommands,
  type CommandResult,
  type EventParams,
  timeoutOf,
  withDeadline,
} from './cdp-connection.js'

const DESCRIPTION = 'the in-process session'

/** The part of `inspector.Session` that is used here; its own typings have one overload a command. */
interface UntypedSession {
  connectToMainThread(): void
  post(method: string, params: object | undefined, callback: (error: unknown, result?: unknown) => void): void
  on(event: string, listener: (message: { params: unknown }) => void): void
  off(event: string, listener: (message: { params: unknown }) => void): void
  disconnect(): void
}

/** @throws StallError ERR_STALL_INSPECTOR_UNAVAILABLE (main thread, no inspector in this build, permission model) */
export function connectToMainThread(): CdpConnection {
  const session = openSession()
  let closed = false
  return {
    description: DESCRIPTION,
    get closed() {
      return closed
    },
    send<M extends keyof CdpCommands>(method: M, params: CommandParams<M>, deadlineMs: number) {
      return withDeadline<CommandResult<M>>(
        (resolve, reject) => {
          if (closed) reject(unavailable(`${DESCRIPTION} is closed`))
          else
            session.post(method, params, (error, result) => {
              if (error) reject(unavailable(`${method} was refused: ${messageOf(error)}`))
              else resolve(result as CommandResult<M>)
            })
          return () => undefined
        },
        deadlineMs,
        () => timeoutOf(method, DESCRIPTION),
      )
    },
    on<E extends keyof CdpEvents>(event: E, listener: (params: EventParams<E>) => void) {
      const heard = (message: { params: unknown }): void => listener(message.params as EventParams<E>)
      session.on(event, heard)
      return () => session.off(event, heard)
    },
    disconnect() {
      if (closed) return
      closed = true
      const rest = endSession(session)
      resting.add(rest)
      void rest.then(() => resting.delete(rest))
    },
  }
}

/** Sessions that the main thread may not have taken note of. */
const resting = new Set<Promise<void>>()

/** Posted without waiting: they lie in the queue in front of the question, and undo what may lie there before them. */
const UNDO = ['Debugger.disable', 'Profiler.disable', 'HeapProfiler.disable', 'Runtime.disable']
/** From the end of the session to the main thread's last word on it: it is known to answer at that time. */
const LAST_WORD_MS = 500

/**
 * Waits until the main thread has nothing more to post to this one. False when it gave no sign of life in time: it is
 * in a native call, and dispatches nothing before it returns.
 */
export async function mainThreadAtRest(withinMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, withinMs, false)
  })
  const rested = Promise.all(resting).then(() => true)
  try {
    return await Promise.race([rested, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Asks the main thread for a sign of life, and only then ends the session and waits for its last word. */
function endSession(session: UntypedSession): Promise<void> {
  return new Promise((resolve) => {
    // A pending answer does not keep a thread alive, and this one must not end before it.
    const alive = setInterval(() => undefined, 60_000)
    for (const method of UNDO) session.post(method, undefined, () => undefined)
    session.post('Runtime.evaluate', { expression: '0', silent: true }, () => {
      session.disconnect()
      clearInterval(alive)
      setTimeout(resolve, LAST_WORD_MS)
    })
  })
}

function openSession(): UntypedSession {
  try {
    const session = new Session() as unknown as UntypedSession
    session.connectToMainThread()
    return session
  } catch (thrown) {
    throw unavailable(`the main thread's inspector can't be reached: ${toStallError(thrown).message}`, thrown)
  }
}

function unavailable(message: string, cause?: unknown): StallError {
  return new StallError('ERR_STALL_INSPECTOR_UNAVAILABLE', message, {
    help: 'Under --permission, Node needs --allow-inspector and --allow-worker where it enforces them.',
    ...(cause === undefined ? {} : { cause }),
  })
}

function messageOf(error: unknown): string {
  return error !== null && typeof error === 'object' && 'message' in error ? String(error.message) : String(error)
}
