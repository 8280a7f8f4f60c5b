/**
 * Connections on which nothing has ever come: whoever accepted them (the kernel, a proxy) never spoke. With TLS and with
 * protocols that greet, that is a handshake that nobody finishes, and no request was even read.
 */
import type { Leaf } from './leaf.js'

export function nothingEverCame({ socket }: Leaf): boolean {
  return socket !== null && socket.state === 'ESTABLISHED' && socket.receivedBytes === 0
}

/** Without TLS an HTTP server says nothing before its answer: a first request that is slow looks the same. */
export function isFirstRequest(leaf: Leaf): boolean {
  return nothingEverCame(leaf) && leaf.waits.url?.startsWith('http:') === true
}

/** What goes behind what is waited for. */
export function neverText(leaf: Leaf): string {
  if (isFirstRequest(leaf)) return ', the first on its connection: nothing ever came on it'
  return nothingEverCame(leaf)
    ? ', on a connection on which nothing ever came: it was accepted, and the peer has never answered anything, no handshake either'
    : ''
}

export const SEE_HANDSHAKE =
  'See whether anybody serves that port: a process that hangs, a proxy without a backend, another protocol (TLS or none). Give the connection a time-out of its own.'
