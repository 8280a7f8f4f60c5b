/**
 * The way in from outside: a web socket to a debug port, by chrome-remote-interface. Loaded by the command line only:
 * it needs third-party code and the network stack, which the worker's own threads never touch.
 */
import CDP from 'chrome-remote-interface'
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

/** Commands are sent by name, so the 1 MB description of the protocol need not be loaded. */
const NO_DESCRIPTION = { version: { major: '1', minor: '3' }, domains: [] }

/** What is used of the client; its typings know every command, but not a generic one. */
interface Client {
  send(method: string, params: object, callback: (failed: unknown, answer: unknown) => void): void
  on(event: string, listener: (params: never) => void): void
  off(event: string, listener: (params: never) => void): void
  close(callback: () => void): void
}

/** @param url `ws://127.0.0.1:9229/UUID`. @throws StallError ERR_STALL_INSPECTOR_UNAVAILABLE, ERR_STALL_INSPECTOR_TIMEOUT */
export async function connectToSocket(url: string, deadlineMs: number): Promise<CdpConnection> {
  const client = await withDeadline<Client>(
    (resolve, reject) => {
      CDP({ target: url, protocol: NO_DESCRIPTION as unknown as CDP.Protocol })
        .then((opened) => resolve(opened as unknown as Client))
        .catch((thrown: unknown) => reject(refused(url, thrown)))
      return () => undefined
    },
    deadlineMs,
    () => timeoutOf('the connection', url),
  )
  return new SocketConnection(client, url)
}

function refused(url: string, thrown: unknown): StallError {
  return new StallError('ERR_STALL_INSPECTOR_UNAVAILABLE', `${url}: ${toStallError(thrown).message}`, { cause: thrown })
}

class SocketConnection implements CdpConnection {
  readonly description: string
  readonly #client: Client
  #closed = false

  constructor(client: Client, url: string) {
    this.#client = client
    this.description = url
    client.on('disconnect', () => (this.#closed = true))
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
          reject(new StallError('ERR_STALL_INSPECTOR_UNAVAILABLE', `${this.description} is closed`))
        } else {
          this.#client.send(method, params ?? {}, (failed, answer) => {
            if (failed) reject(refusedCommand(method, failed, answer))
            else resolve(answer as CommandResult<M>)
          })
        }
        return () => undefined
      },
      deadlineMs,
      () => timeoutOf(method, this.description),
    )
  }

  on<E extends keyof CdpEvents>(event: E, listener: (params: EventParams<E>) => void): () => void {
    const heard = (params: never): void => listener(params)
    this.#client.on(event, heard)
    return () => this.#client.off(event, heard)
  }

  disconnect(): void {
    if (this.#closed) return
    this.#closed = true
    this.#client.close(() => undefined)
  }
}

function refusedCommand(method: string, failed: unknown, answer: unknown): StallError {
  const message =
    failed instanceof Error
      ? failed.message
      : String((answer as { message?: unknown } | null | undefined)?.message ?? failed)
  return new StallError('ERR_STALL_INSPECTOR_UNAVAILABLE', `${method} was refused: ${message}`)
}
