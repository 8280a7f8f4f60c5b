/**
 * The way in from outside: a web socket to a debug port. Loaded by the command line only: it needs third-party code and
 * the network stack, which the worker's own threads never touch.
 *
 * Who answers there may be anybody: a process can listen on its own debug port and say what it likes. So every message is
 * checked (`cdp-message.ts`), what a listener makes of one can't get out as an uncaught error, and the first that no
 * inspector would send ends the connection.
 */
import type { Socket } from 'node:net'
import { Agent, buildConnector, WebSocket } from 'undici'
import { StallError, toStallError } from '../../model/stall-error.js'
import {
  type CdpCommands,
  type CdpConnection,
  type CdpEvents,
  type CommandParams,
  type CommandResult,
  type EventParams,
  timeoutOf,
  withDeadline,
} from './cdp-connection.js'
import { checkResult, parseMessage } from './cdp-message.js'

/** The largest that an inspector sends in one piece is a CPU profile: tens of MB for minutes of a large program. */
const MAX_MESSAGE_BYTES = 128 * 2 ** 20
const MAX_FRAGMENTS = 65_536
/** After that much of a connection nothing more is read: 1,000 chunks of a snapshot are 100 MB. */
const MAX_MESSAGES = 1_000_000
const MAX_BYTES = 2 * 2 ** 30
/** For the last bytes and the answer to our close, which may never come. */
const LINGER_MS = 500

interface Waiting {
  readonly method: string
  readonly resolve: (result: object) => void
  readonly reject: (error: StallError) => void
}

/** @param url `ws://127.0.0.1:9229/UUID`. @throws StallError ERR_STALL_INSPECTOR_UNAVAILABLE, ERR_STALL_INSPECTOR_TIMEOUT */
export function connectToSocket(url: string, deadlineMs: number): Promise<CdpConnection> {
  let wire: Socket | null = null
  const connect = buildConnector({})
  const dispatcher = new Agent({
    connections: 1,
    // The web socket has no way to hang up on whoever does not answer to its close; the socket below has.
    connect: (options, callback) =>
      connect(options, (...outcome) => {
        wire = outcome[1]
        callback(...outcome)
      }),
    webSocket: { maxPayloadSize: MAX_MESSAGE_BYTES, maxFragments: MAX_FRAGMENTS },
  })
  const end = (): void => {
    wire?.unref()
    setTimeout(() => {
      wire?.destroy()
      dispatcher.destroy().catch(() => undefined)
    }, LINGER_MS).unref()
  }
  let socket: WebSocket
  try {
    socket = new WebSocket(url, { dispatcher })
  } catch (thrown) {
    end()
    return Promise.reject(unavailable(`${url}: ${toStallError(thrown).message}`))
  }
  return withDeadline<CdpConnection>(
    (resolve, reject) => {
      // Follows no redirect, as browsers don't: what answers is what was asked.
      const refuse = (): void => reject(unavailable(`${url} opens no web socket`))
      const open = (): void => resolve(new SocketConnection(socket, url, end))
      socket.addEventListener('open', open)
      socket.addEventListener('error', refuse)
      socket.addEventListener('close', refuse)
      return () => {
        socket.removeEventListener('open', open)
        socket.removeEventListener('error', refuse)
        socket.removeEventListener('close', refuse)
      }
    },
    deadlineMs,
    () => timeoutOf('the connection', url),
  ).catch((thrown: unknown) => {
    end()
    throw thrown
  })
}

class SocketConnection implements CdpConnection {
  readonly description: string
  readonly #socket: WebSocket
  readonly #end: () => void
  readonly #waiting = new Map<number, Waiting>()
  readonly #listeners = new Map<string, Set<(params: never) => void>>()
  #nextId = 1
  #messages = 0
  #bytes = 0
  #closed = false

  constructor(socket: WebSocket, url: string, end: () => void) {
    this.#socket = socket
    this.description = url
    this.#end = end
    socket.addEventListener('message', ({ data }: { readonly data: unknown }) => {
      if (!this.#closed) this.#take(data)
    })
    // An error is followed by the close; without a listener it would be nobody's.
    socket.addEventListener('error', () => undefined)
    socket.addEventListener('close', () => this.#fail('was closed'))
  }

  get closed(): boolean {
    return this.#closed
  }

  send<M extends keyof CdpCommands>(
    method: M,
    params: CommandParams<M>,
    deadlineMs: number,
  ): Promise<CommandResult<M>> {
    return withDeadline<CommandResult<M>>(
      (resolve, reject) => {
        if (this.#closed) {
          reject(unavailable(`${this.description} is closed`))
          return () => undefined
        }
        const id = this.#nextId++
        this.#waiting.set(id, { method, resolve, reject })
        this.#socket.send(JSON.stringify({ id, method, params: params ?? {} }))
        return () => this.#waiting.delete(id)
      },
      deadlineMs,
      () => timeoutOf(method, this.description),
    )
  }

  on<E extends keyof CdpEvents>(event: E, listener: (params: EventParams<E>) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, listeners)
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  disconnect(): void {
    this.#fail('was ended')
  }

  #take(data: unknown): void {
    try {
      this.#messages += 1
      this.#bytes += typeof data === 'string' ? data.length : 0
      if (this.#messages > MAX_MESSAGES || this.#bytes > MAX_BYTES) throw unavailable('it never stops sending')
      const message = parseMessage(data)
      if (message.kind === 'event') {
        for (const listener of this.#listeners.get(message.method) ?? []) listener(message.params as never)
        return
      }
      const waiting = this.#waiting.get(message.id)
      if (waiting === undefined) return
      if (message.kind === 'error') {
        waiting.reject(unavailable(`${waiting.method} was refused: ${message.message}`))
      } else {
        waiting.resolve(checkResult(waiting.method, message.result))
      }
    } catch (thrown) {
      this.#fail(`is no inspector: ${toStallError(thrown).message}`)
    }
  }

  #fail(what: string): void {
    if (this.#closed) return
    this.#closed = true
    for (const { reject } of this.#waiting.values()) reject(unavailable(`${this.description} ${what}`))
    this.#waiting.clear()
    this.#listeners.clear()
    this.#socket.close()
    // The other side may never answer to a close.
    this.#end()
  }
}

function unavailable(message: string): StallError {
  return new StallError('ERR_STALL_INSPECTOR_UNAVAILABLE', message)
}
