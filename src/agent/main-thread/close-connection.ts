/**
 * Closes the one connection that the evidence has proven dead, on the main thread, where its socket is. Node core only; it
 * throws nothing, keeps nothing alive, and touches no other socket. No hook is needed for it: Node itself lists the sockets
 * that keep a process alive, and while a poll is in flight its connection is one of them.
 *
 * Last it is asked whether it is dead after all: an HTTP/2 connection by a PING, which a server that is merely slow answers,
 * and any other by whether something comes while one would wait for that. Then its socket fails as if the peer had reset it:
 * every client knows that, and makes a new connection. (Destroyed without an error, it made undici 7.30 throw: the socket is
 * gone when its HTTP/2 session tells of the end, and `onHttp2SessionClose` reads the address of what is no longer there.)
 */
import type { Socket } from 'node:net'
import type { ConnectionEnds } from '../../model/connection-ends.js'
import { monotonicMs } from '../../heartbeat/monotonic.js'
import type { CloseOutcome, ConnectionToClose } from '../shared/messages.js'

/** Between two polls the connection keeps nothing alive, and is not listed. */
const FIND_EVERY_MS = 50
const FIND_LIMIT_MS = 5000
/** Longer than any network takes, and nothing has come for many times that. */
const PING_LIMIT_MS = 3000

type Done = (outcome: CloseOutcome, text: string) => void

/** `done` is called at most once; not at all when the loop stands still. Never throws. */
export function closeConnection(wanted: ConnectionToClose, done: Done): void {
  guarded(done, () => find(wanted, monotonicMs() + FIND_LIMIT_MS, done))
}

function find(wanted: ConnectionToClose, untilMs: number, done: Done): void {
  const [socket, ...others] = socketsOf(wanted)
  if (socket !== undefined && others.length === 0) {
    ask(
      socket,
      (answer) => {
        if (answer.alive) done('alive', answer.text)
        else if (monotonicMs() >= wanted.untilMs) done('failed', 'it was too late to close it')
        else if (socket.destroyed) done('closed', `${answer.text}, and it was closed by its client meanwhile`)
        else {
          reset(socket)
          done('closed', `${answer.text}, and it was closed`)
        }
      },
      done,
    )
    return
  }
  if (monotonicMs() >= Math.min(untilMs, wanted.untilMs)) {
    const which = others.length > 0 ? `${others.length + 1} sockets have` : 'no socket that is in use has'
    done('not-found', `${which} these ends`)
    return
  }
  later(FIND_EVERY_MS, done, () => find(wanted, untilMs, done))
}

interface Answer {
  readonly alive: boolean
  readonly text: string
}

/** Only a word from the server says that it lives; that its client destroys it meanwhile does not. */
function ask(socket: Socket, answered: (answer: Answer) => void, done: Done): void {
  const session = sessionOf(socket)
  const bytes = socket.bytesRead
  let over = false
  const finish = (alive: boolean, text: string): void => {
    if (over) return
    over = true
    answered({ alive, text })
  }
  const silence = session === null ? 'nothing came on it' : 'it did not answer an HTTP/2 PING'
  // First: where it throws, nothing else is under way that would close the connection after it was said to have failed.
  session?.ping((error) => {
    if (error === null) guarded(done, () => finish(true, 'it answered an HTTP/2 PING'))
  })
  later(PING_LIMIT_MS, done, () => {
    if (socket.bytesRead > bytes) finish(true, 'data came on it')
    else finish(false, `${silence} in ${PING_LIMIT_MS / 1000} s`)
  })
}

/** An error that nobody listens for would be the end of the process. */
function reset(socket: Socket): void {
  const session = sessionOf(socket)
  const heard = socket.listenerCount('error') > 0 && (session === null || session.listenerCount('error') > 0)
  const error = Object.assign(new Error('read ECONNRESET (closed by conductor-stall-agent: the connection was dead)'), {
    code: 'ECONNRESET',
    syscall: 'read',
  })
  if (heard) socket.destroy(error)
  else if (session === null) socket.destroy()
  else session.destroy()
}

interface Session {
  readonly destroyed: boolean
  ping(heard: (error: Error | null) => void): boolean
  listenerCount(event: string): number
  destroy(): void
}

/**
 * The HTTP/2 session that a socket carries; null: none, or none that can be asked. Node keeps it in a property of the
 * socket whose name is its own affair (lib/internal/http2/core.js, `socket[kSession]`), so it is known by what it can do.
 */
function sessionOf(socket: Socket): Session | null {
  for (const key of Reflect.ownKeys(socket)) {
    // Never a getter: what it would do, nobody knows.
    const found: unknown = Object.getOwnPropertyDescriptor(socket, key)?.value
    if (typeof found !== 'object' || found === null) continue
    const session = found as Partial<Session>
    if (typeof session.ping === 'function' && session.destroyed === false) return session as Session
  }
  return null
}

function socketsOf(wanted: ConnectionEnds): Socket[] {
  const listed = (process as { _getActiveHandles?: () => unknown[] })._getActiveHandles?.() ?? []
  return listed.filter(isSocket).filter((socket) => hasEnds(socket, wanted))
}

function isSocket(handle: unknown): handle is Socket {
  if (typeof handle !== 'object' || handle === null) return false
  const { destroy, remotePort } = handle as Partial<Socket>
  return typeof destroy === 'function' && typeof remotePort === 'number'
}

function hasEnds(socket: Socket, { local, peer }: ConnectionEnds): boolean {
  return isAt(local, socket.localAddress, socket.localPort) && isAt(peer, socket.remoteAddress, socket.remotePort)
}

/** @param text `10.0.0.2:51234`, `[::1]:443` */
function isAt(text: string, address: string | undefined, port: number | undefined): boolean {
  const at = text.lastIndexOf(':')
  return address !== undefined && text.slice(at + 1) === String(port) && bare(text.slice(0, at)) === bare(address)
}

function bare(address: string): string {
  return address.replace(/^\[|\]$/g, '').replace(/^::ffff:(?=\d+\.)/, '')
}

function later(ms: number, done: Done, action: () => void): void {
  setTimeout(() => guarded(done, action), ms).unref()
}

function guarded(done: Done, action: () => void): void {
  try {
    action()
  } catch (thrown) {
    done('failed', `closing it failed: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
  }
}
