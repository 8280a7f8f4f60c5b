/**
 * A connection to V8's inspector, unaware of its transport: the agent's in-process session, a web socket, or a
 * recorded one in tests. Five members, each with a deadline where it can wait.
 */
import type Protocol from 'devtools-protocol/types/protocol-mapping'
import { StallError } from '../../model/stall-error.js'

export type CdpCommands = Protocol.Commands
export type CdpEvents = Protocol.Events

export type CommandParams<M extends keyof CdpCommands> = CdpCommands[M]['paramsType'][0]
export type CommandResult<M extends keyof CdpCommands> = CdpCommands[M]['returnType']
export type EventParams<E extends keyof CdpEvents> = CdpEvents[E][0]

export interface CdpConnection {
  /** How the target was reached, for messages: `the in-process session`, `ws://127.0.0.1:9229/...`. */
  readonly description: string
  /**
   * One command. `deadlineMs` is monotonic (`performance.now()`); nothing waits longer, because a main thread in a
   * native call never answers.
   * @throws StallError ERR_STALL_INSPECTOR_TIMEOUT, ERR_STALL_INSPECTOR_UNAVAILABLE (refused, or the connection ended)
   */
  send<M extends keyof CdpCommands>(method: M, params: CommandParams<M>, deadlineMs: number): Promise<CommandResult<M>>
  /** Returns the function that stops listening. */
  on<E extends keyof CdpEvents>(event: E, listener: (params: EventParams<E>) => void): () => void
  /** Ends the connection without waiting for the target; what this session enabled is disabled by its end. */
  disconnect(): void
  /** Whether the other side closed it. */
  readonly closed: boolean
}

/** Runs `start` and settles with what it resolves, or with `late()` at the deadline. `start` returns its own undoing. */
export function withDeadline<T>(
  start: (resolve: (value: T) => void, reject: (error: Error) => void) => () => void,
  deadlineMs: number,
  late: () => StallError,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let undo: (() => void) | null = null
    let settled = false
    const settle = (act: () => void): void => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      undo?.()
      act()
    }
    const timer = setTimeout(() => settle(() => reject(late())), Math.max(0, deadlineMs - performance.now()))
    undo = start(
      (value) => settle(() => resolve(value)),
      (error) => settle(() => reject(error)),
    )
    // Settled by `start` itself, before it could hand its undoing over.
    if (settled) undo()
  })
}

export function timeoutOf(what: string, description: string): StallError {
  return new StallError('ERR_STALL_INSPECTOR_TIMEOUT', `no answer to ${what} in time through ${description}`, {
    help: 'The main thread does not run JavaScript. The memory engine needs no answer: conductor-diag dump PID --engine memory',
  })
}
