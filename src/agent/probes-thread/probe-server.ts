/**
 * The HTTP side of the probes: four paths, GET and HEAD, few connections, short deadlines. Health says one word to
 * anybody; whatever tells more than that takes the token.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import http from 'node:http'
import type { Health } from '../../watch/health.js'

export interface ProbeAnswers {
  health(): Health
  metrics(): string
  incidents(): unknown
}

export interface ProbeServerOptions {
  readonly answers: ProbeAnswers
  /** Null: what takes a token is refused. */
  readonly token: string | null
}

const MAX_CONNECTIONS = 32
const TIMEOUT_MS = 5000

export function createProbeServer({ answers, token }: ProbeServerOptions): http.Server {
  const server = http.createServer({ maxHeaderSize: 8192, keepAliveTimeout: TIMEOUT_MS }, (request, response) => {
    // A body is nobody's business here.
    request.resume()
    const reply = answer(request, answers, token)
    response.writeHead(reply.status, {
      'content-type': reply.type,
      'content-length': Buffer.byteLength(reply.body),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...(reply.status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
      ...(reply.status === 405 ? { allow: 'GET, HEAD' } : {}),
    })
    response.end(request.method === 'HEAD' ? undefined : reply.body)
  })
  server.maxConnections = MAX_CONNECTIONS
  server.headersTimeout = TIMEOUT_MS
  server.requestTimeout = TIMEOUT_MS
  server.on('clientError', (_error, socket) => socket.destroy())
  return server
}

interface Reply {
  readonly status: number
  readonly type: string
  readonly body: string
}

const TEXT = 'text/plain; charset=utf-8'
const JSON_TYPE = 'application/json; charset=utf-8'

function answer(request: http.IncomingMessage, answers: ProbeAnswers, token: string | null): Reply {
  if (request.method !== 'GET' && request.method !== 'HEAD') return text(405, 'only GET and HEAD')
  const [path = ''] = (request.url ?? '').split('?')
  const known = token !== null && isBearer(request.headers.authorization, token)
  switch (path) {
    case '/livez': {
      const health = answers.health()
      return healthReply(health.alive, health, known)
    }
    case '/readyz': {
      const health = answers.health()
      return healthReply(health.ready, health, known)
    }
    case '/metrics':
      if (!known) return refused(token)
      return { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: answers.metrics() }
    case '/incidents':
      if (!known) return refused(token)
      return { status: 200, type: JSON_TYPE, body: `${JSON.stringify(answers.incidents())}\n` }
    default:
      return text(404, 'there is /livez, /readyz, /metrics and /incidents')
  }
}

function healthReply(well: boolean, health: Health, known: boolean): Reply {
  const status = well ? 200 : 503
  if (!known) return text(status, well ? 'ok' : 'failing')
  const { alive, ready, reasons } = health
  return { status, type: JSON_TYPE, body: `${JSON.stringify({ alive, ready, reasons })}\n` }
}

function refused(token: string | null): Reply {
  return token === null
    ? text(403, 'no token is configured: CONDUCTOR_STALL_PROBES_TOKEN')
    : text(401, 'a token is required: Authorization: Bearer ...')
}

function text(status: number, body: string): Reply {
  return { status, type: TEXT, body: `${body}\n` }
}

/** Compared as digests: of one length, and in one time whatever was guessed. */
function isBearer(header: string | undefined, token: string): boolean {
  const given = /^Bearer +(\S+)$/i.exec(header ?? '')?.[1]
  if (given === undefined) return false
  return timingSafeEqual(digest(given), digest(token))
}

function digest(value: string): Buffer {
  return createHash('sha256').update(value).digest()
}
