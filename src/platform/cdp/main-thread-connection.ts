/**
 * The agent's way in: an in-process session from one of its own threads to the main thread. No port is opened, no
 * permission is needed, and V8 answers as long as the main thread runs JavaScript or waits in `Atomics.wait`.
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
      session.disconnect()
    },
  }
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
