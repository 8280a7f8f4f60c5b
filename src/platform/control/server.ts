/**
 * The agent's end of the control socket, in the watch thread: `net` only, no thread pool, no handle that keeps the
 * process alive, everything bounded. Whoever can reach the socket is the same user or root (`socket-place.ts`); where
 * `peerUid` is given the kernel is asked who connected, too (`peer-user.ts`).
 */
import { chmodSync, readdirSync, unlinkSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { StallError, toStallError } from '../../model/stall-error.js'
import { createLineSplitter } from './lines.js'
import {
  MAX_REQUEST_BYTES,
  parseRequest,
  PROTOCOL_VERSION,
  type CaptureCommand,
  type CaptureProgress,
  type CaptureResult,
  type ControlReply,
  type ControlRequest,
  type ControlStatus,
} from './protocol.js'
import { prepareSocketPath } from './socket-place.js'

export interface ControlHandlers {
  status(): ControlStatus
  /** Rejects with a StallError when no incident came of it. `signal`: the client has gone. */
  capture(
    command: CaptureCommand,
    progress: (progress: CaptureProgress) => void,
    signal: AbortSignal,
  ): Promise<CaptureResult>
}

export interface ControlServerOptions {
  readonly handlers: ControlHandlers
  readonly env: Readonly<Record<string, string | undefined>>
  readonly pid?: number
  /** Effective user id. */
  readonly uid?: number
  /** User of the process at the other end of a descriptor; null when it can't be told. Must not block. */
  readonly peerUid?: (fd: number) => number | null
}

export interface ControlServer {
  readonly path: string
  /** Closes the connections and removes the socket. */
  dispose(): void
}

const MAX_CONNECTIONS = 8
/** Unread replies of a client that does not read. */
const MAX_QUEUED_BYTES = 2 ** 20
const IDLE_MS = 30_000
const PROBE_MS = 500
const MAX_STALE_CHECKS = 64

/** Listens, or rejects with ERR_STALL_CONTROL_UNAVAILABLE: the agent works without it. */
export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const uid = options.uid ?? process.geteuid?.()
  if (uid === undefined) throw new StallError('ERR_STALL_CONTROL_UNAVAILABLE', 'there are no users on this platform')
  const file = prepareSocketPath(options.env, uid, options.pid ?? process.pid)
  const connections = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    if (connections.size >= MAX_CONNECTIONS || !isAllowed(socket, uid, options.peerUid ?? (() => null))) {
      socket.destroy()
      return
    }
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
    serve(socket, options.handlers)
  })
  await listen(server, file)
  server.on('error', () => {
    // Accepting failed (no descriptors left): the next connection may work, and the worker must not hear of it.
  })
  server.unref()
  chmodSync(file, 0o600)
  void removeStaleSockets(path.dirname(file), path.basename(file))
  return {
    path: file,
    dispose() {
      for (const socket of connections) socket.destroy()
      // Removes the file too (libuv unlinks what it bound).
      server.close()
    },
  }
}

function isAllowed(socket: net.Socket, uid: number, peerUid: (fd: number) => number | null): boolean {
  const fd: unknown = (socket as unknown as { readonly _handle?: { readonly fd?: unknown } })._handle?.fd
  const peer = typeof fd === 'number' ? peerUid(fd) : null
  // Not to be told: then the folder's mode is what decided.
  return peer === null || peer === uid || peer === 0
}

async function listen(server: net.Server, file: string): Promise<void> {
  try {
    await listenOnce(server, file)
  } catch (thrown) {
    const inUse = thrown instanceof Error && 'code' in thrown && thrown.code === 'EADDRINUSE'
    // The same pid in another pid namespace that shares this folder, alive; or left by a dead process.
    if (!inUse || (await isAnswered(file))) throw unavailable(file, thrown)
    unlinkSync(file)
    await listenOnce(server, file).catch((again: unknown) => {
      throw unavailable(file, again)
    })
  }
}

function unavailable(file: string, cause: unknown): StallError {
  return new StallError('ERR_STALL_CONTROL_UNAVAILABLE', `can't listen on ${file} (${String(cause)})`, { cause })
}

function listenOnce(server: net.Server, file: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    // Exclusive: in a cluster's worker the primary would be asked for the handle, and owns it then.
    server.listen({ path: file, exclusive: true }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** Whether a living process listens there. Refused or gone: no. Anything else counts as yes, to be safe. */
function isAnswered(file: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(file)
    socket.unref()
    const timer = setTimeout(() => finish(true), PROBE_MS)
    timer.unref()
    function finish(answered: boolean): void {
      clearTimeout(timer)
      socket.destroy()
      resolve(answered)
    }
    socket.once('connect', () => finish(true))
    socket.once('error', (error: NodeJS.ErrnoException) =>
      finish(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    )
  })
}

/** Sockets of processes that were killed. Asking is the only sure way: their pid may live in another namespace. */
async function removeStaleSockets(folder: string, own: string): Promise<void> {
  try {
    const names = readdirSync(folder).filter((name) => /^\d+\.sock$/.test(name) && name !== own)
    for (const name of names.slice(0, MAX_STALE_CHECKS)) {
      const file = path.join(folder, name)
      if (!(await isAnswered(file))) unlinkSync(file)
    }
  } catch {
    // Another agent was cleaning too; what is left is no harm.
  }
}

function serve(socket: net.Socket, handlers: ControlHandlers): void {
  socket.unref()
  socket.setTimeout(IDLE_MS, () => socket.destroy())
  const gone = new AbortController()
  socket.on('close', () => gone.abort())
  socket.on('error', () => socket.destroy())
  const splitter = createLineSplitter(MAX_REQUEST_BYTES)
  // One request after the other: a client that wants two opens two connections.
  let last: Promise<void> = Promise.resolve()
  socket.on('data', (chunk: Buffer) => {
    const lines = splitter.push(chunk)
    if (lines === null) {
      socket.destroy()
      return
    }
    for (const line of lines) last = last.then(() => answer(socket, line, handlers, gone.signal))
  })
}

async function answer(socket: net.Socket, line: string, handlers: ControlHandlers, signal: AbortSignal): Promise<void> {
  let id = 0
  const send = (reply: ControlReply): void => {
    if (socket.destroyed) return
    socket.write(`${JSON.stringify(reply)}\n`)
    if (socket.writableLength > MAX_QUEUED_BYTES) socket.destroy()
  }
  try {
    const request = parseRequest(line)
    id = request.id
    // A capture takes as long as it takes; its own deadlines bound it.
    socket.setTimeout(0)
    const result = await run(request, handlers, signal, (progress) =>
      send({ v: PROTOCOL_VERSION, id, type: 'progress', progress }),
    )
    send({ v: PROTOCOL_VERSION, id, type: 'result', result })
  } catch (thrown) {
    send({ v: PROTOCOL_VERSION, id, type: 'error', error: toStallError(thrown).toJSON() })
  } finally {
    socket.setTimeout(IDLE_MS)
  }
}

async function run(
  request: ControlRequest,
  handlers: ControlHandlers,
  signal: AbortSignal,
  progress: (progress: CaptureProgress) => void,
): Promise<unknown> {
  switch (request.method) {
    case 'status':
      return handlers.status()
    case 'capture':
      return handlers.capture(toCaptureCommand(request.params), progress, signal)
    default:
      throw new StallError('ERR_STALL_USAGE', `this agent has no method ${JSON.stringify(request.method.slice(0, 50))}`)
  }
}

function toCaptureCommand(params: unknown): CaptureCommand {
  const value = (typeof params === 'object' && params !== null ? params : {}) as Partial<
    Record<keyof CaptureCommand, unknown>
  >
  const { reason, profileMs, locals } = value
  return {
    reason: typeof reason === 'string' && reason !== '' ? reason.slice(0, 500) : 'asked for over the control socket',
    ...(typeof profileMs === 'number' && profileMs >= 0 && profileMs <= 600_000 ? { profileMs } : {}),
    ...(typeof locals === 'boolean' ? { locals } : {}),
  }
}
