/**
 * One connection of our own to a server of the worker's, asked one harmless thing: OPTIONS for the path of the request
 * that is not answered. By address, so no look-up and no thread pool; without credentials, cookies or query; closed
 * after the first line of the answer. What comes back says only whether a new connection works.
 */
import type { Socket } from 'node:net'
import type { ConnectionToTry, FreshConnection } from '../model/evidence.js'
import { VERSION } from '../model/version.js'

/** A head that is longer than this has told what it is long before. */
const ENOUGH_BYTES = 4096
/** A gateway's word that what is behind it does not answer: another connection to it cures nothing. */
const AWAY = new Set([502, 503, 504])

/** Never rejects. At the latest at `deadlineMs` (`performance.now()`), or when `signal` says so, the socket is gone. */
export function tryConnection(
  { peer, url: text }: ConnectionToTry,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<FreshConnection> {
  const startedMs = performance.now()
  const url = new URL(text)
  const secure = url.protocol === 'https:'
  const asked = `OPTIONS ${url.origin}${url.pathname}`
  return new Promise((resolve) => {
    let reached: NonNullable<FreshConnection['reached']> = 'nothing'
    let head = ''
    const socket = connect(peer, url)
    const finish = (rest: Pick<FreshConnection, 'answered' | 'status' | 'error'>): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', giveUp)
      socket.removeAllListeners('close')
      socket.destroy()
      resolve({ peer, tookMs: Math.round(performance.now() - startedMs), asked, reached, ...rest })
    }
    const giveUp = (): void => finish({ answered: false, error: 'no answer in time' })
    const timer = setTimeout(giveUp, Math.max(0, deadlineMs - startedMs))
    signal.addEventListener('abort', giveUp, { once: true })
    socket.on('connect', () => (reached = 'connected'))
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      if (secure) reached = 'secured'
      socket.write(requestOf(url))
    })
    socket.on('data', (chunk: Buffer) => {
      head += chunk.toString('latin1')
      const status = /^HTTP\/\d(?:\.\d)? (\d{3})/.exec(head)?.[1]
      if (status === undefined && head.length < ENOUGH_BYTES && 'HTTP/'.startsWith(head.slice(0, 5))) return
      reached = 'answered'
      // Anything else than HTTP/1 (the frames of an HTTP/2 server) is an answer too.
      finish(
        status === undefined ? { answered: true } : { answered: !AWAY.has(Number(status)), status: Number(status) },
      )
    })
    socket.on('error', (error: NodeJS.ErrnoException) =>
      finish({ answered: false, error: error.code ?? error.message }),
    )
    socket.on('close', () => finish({ answered: false, error: 'closed without an answer' }))
  })
}

function connect(peer: string, url: URL): Socket {
  const net = process.getBuiltinModule('node:net')
  const at = peer.lastIndexOf(':')
  const host = peer.slice(0, at).replace(/^\[|\]$/g, '')
  const port = Number(peer.slice(at + 1))
  if (url.protocol !== 'https:') return net.connect({ host, port })
  const name = url.hostname.replace(/^\[|\]$/g, '')
  // 10 ms of a dump's start and 2 MB, for what few processes have: loaded only when it is used.
  const tls = process.getBuiltinModule('node:tls')
  return tls.connect({
    host,
    port,
    ALPNProtocols: ['http/1.1'],
    // Nothing secret is sent: whether the certificate is good does not matter, and no roots have to be loaded.
    rejectUnauthorized: false,
    ca: [],
    ...(net.isIP(name) === 0 ? { servername: name } : {}),
  })
}

function requestOf(url: URL): string {
  const lines = [
    `OPTIONS ${url.pathname} HTTP/1.1`,
    `Host: ${url.host}`,
    `User-Agent: conductor-stall-agent/${VERSION}`,
    'Connection: close',
  ]
  return `${lines.join('\r\n')}\r\n\r\n`
}
