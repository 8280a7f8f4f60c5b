/**
 * One client for all destinations: verified TLS with a private CA where one is named, proxies by `HTTPS_PROXY` and
 * `NO_PROXY`, a time-out, at most so many bytes of answer, no redirect to another host. What goes wrong is told as what it
 * means for a delivery: for now, or for good. Secrets in headers are never part of a message.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { rootCertificates } from 'node:tls'
import type { Dispatcher, FormData as UndiciFormData } from 'undici'
import { Answer, rehearsedAnswer } from '../contract/answer.js'
import type { HttpClient, HttpRequest } from '../contract/http.js'
import type { ParcelFile } from '../contract/parcel-file.js'
import type { Rehearsed } from '../contract/sink.js'
import { refused, SinkError, unreachable } from '../contract/sink-error.js'
import { isRateLimit, waitMs } from './rate-limit.js'

export interface HttpOptions {
  readonly timeoutMs: number
  readonly caFile: string | null
  /** Certificates are not checked: only where the worker's own settings say so for the same server. */
  readonly insecure: boolean
  readonly certFile?: string | null
  readonly keyFile?: string | null
  readonly proxy?: string | null
  readonly rehearse: ((request: Rehearsed) => void) | null
  /** Takes secrets out of texts. */
  readonly mask: (text: string) => string
}

const MAX_ANSWER_BYTES = 8 * 2 ** 20
const MAX_REDIRECTS = 3
/** Beside the time-out: a large upload may take longer than a question. */
const BYTES_PER_MS = 256

export function createHttpClient(
  baseUrl: string,
  common: Readonly<Record<string, string>>,
  options: HttpOptions,
): HttpClient {
  const base = new URL(baseUrl)

  function urlOf(path: string, query: HttpRequest['query']): URL {
    const url = /^https?:/.test(path) ? new URL(path) : new URL(baseUrl.replace(/\/+$/, '') + path)
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value)
    return url
  }

  async function call(method: string, path: string, request: HttpRequest): Promise<Answer> {
    const url = urlOf(path, request.query)
    if (options.rehearse !== null) {
      // What is only asked for is no part of what would be sent.
      if (method !== 'GET') options.rehearse(rehearsed(method, url, request, options.mask))
      return rehearsedAnswer()
    }
    return await follow(method, url, request, 0)
  }

  async function follow(method: string, url: URL, request: HttpRequest, hops: number): Promise<Answer> {
    const raw = await exchange(method, url, request)
    if (raw.status < 300 || raw.status > 399 || request.accept?.includes(raw.status)) {
      return judge(method, url, request, raw)
    }
    const target = URL.canParse(raw.location, url.href) ? new URL(raw.location, url) : null
    // Credentials must not follow a redirect to somebody else, and a POST turned into a GET is no delivery.
    const sameHost = target?.host === url.host && target.protocol === url.protocol
    if (target === null || !sameHost || hops >= MAX_REDIRECTS || !(method === 'GET' || raw.status >= 307)) {
      throw refused(
        options.mask(`${where(method, url)} leads to ${target === null ? 'nowhere' : target.origin + target.pathname}`),
        'Give the address that it leads to, if it is the right one.',
        raw.status,
      )
    }
    return await follow(method, target, request, hops + 1)
  }

  async function exchange(method: string, url: URL, request: HttpRequest): Promise<Raw> {
    const { request: send, FormData } = await import('undici')
    const body = bodyOf(request, FormData)
    const sizeBytes = (request.form ?? []).reduce((sum, part) => sum + ('file' in part ? part.file.bytes.length : 0), 0)
    const limitMs = options.timeoutMs + Math.ceil((sizeBytes + (request.bytes?.data.length ?? 0)) / BYTES_PER_MS)
    try {
      const response = await send(url, {
        method,
        // Credentials belong to the server of the settings, not to every address that an answer names.
        headers: { ...(url.host === base.host ? common : {}), ...body.headers, ...request.headers },
        ...(body.data === undefined ? {} : { body: body.data }),
        dispatcher: await dispatcherFor(options),
        signal: AbortSignal.timeout(limitMs),
      })
      const header = (name: string): string => String(response.headers[name] ?? '')
      const bytes = await readAtMost(response.body, MAX_ANSWER_BYTES)
      return {
        status: response.statusCode,
        location: header('location'),
        contentType: header('content-type'),
        text: bytes === null ? null : bytes.toString('utf8'),
        header,
      }
    } catch (thrown) {
      throw unreachable(options.mask(`${where(method, url)}: ${networkText(thrown, limitMs)}`), thrown)
    }
  }

  function judge(method: string, url: URL, request: HttpRequest, raw: Raw): Answer {
    const at = where(method, url)
    const status = `${at} answered ${raw.status}`
    const text = options.mask(excerptOf(raw))
    if (raw.status >= 500 || [408, 425].includes(raw.status) || isRateLimit(raw.status, raw.header, raw.text ?? '')) {
      throw new SinkError('unreachable', `${status}${text}`, {
        status: raw.status,
        retryAfterMs: waitMs(raw.status, raw.header, Date.now()),
      })
    }
    const ok = raw.status >= 200 && raw.status < 300
    if (!ok && !request.accept?.includes(raw.status)) {
      throw refused(`${status}${text}`, adviceFor(raw.status), raw.status)
    }
    if (raw.text === null) throw refused(`${at} answered more than ${MAX_ANSWER_BYTES} bytes`)
    if (request.answers === 'nothing') return new Answer(at, raw.status, null, raw.header)
    if (request.answers === 'text') return new Answer(at, raw.status, raw.text, raw.header)
    if (raw.text.trim() === '') return new Answer(at, raw.status, null, raw.header)
    try {
      return new Answer(at, raw.status, JSON.parse(raw.text), raw.header)
    } catch {
      const page = /html/i.test(raw.contentType) || /^\s*</.test(raw.text)
      throw refused(
        `${at} answered ${page ? 'a page' : 'a text'} where JSON was expected`,
        'The address may be wrong, or lead to a login page.',
        raw.status,
      )
    }
  }

  return {
    get: async (path, request = {}) => await call('GET', path, request),
    send: async (method, path, request) => await call(method, path, request),
  }
}

interface Raw {
  readonly status: number
  readonly location: string
  readonly contentType: string
  /** Null: more than is allowed. */
  readonly text: string | null
  readonly header: (name: string) => string
}

/** Without query: signatures and tokens stand there. */
function where(method: string, url: URL): string {
  return `${method} ${url.origin}${url.pathname}`
}

function excerptOf({ text, contentType }: Raw): string {
  const line = (text ?? '').replaceAll(/\s+/g, ' ').trim()
  if (line === '' || /html/i.test(contentType)) return ''
  return `: ${line.slice(0, 300)}`
}

function adviceFor(status: number): string {
  switch (status) {
    case 401:
      return 'The credentials are wrong or have expired.'
    case 403:
      return 'The credentials are right and may not do this: give them the permission.'
    case 404:
      return 'The address, the project or the ticket does not exist, or is hidden from this account.'
    case 413:
      return 'It is too large for the server: raise its limit, or lower CONDUCTOR_STALL_SINK_MAX_ATTACHMENT_MB.'
    default:
      return 'Fix what it says, then: conductor-diag ship --refused'
  }
}

function networkText(thrown: unknown, limitMs: number): string {
  if (thrown instanceof Error && thrown.name === 'TimeoutError') return `no answer within ${limitMs} ms`
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown
  const code = cause instanceof Error && 'code' in cause ? `${String(cause.code)}: ` : ''
  const message = cause instanceof Error ? cause.message : String(cause)
  return `${code}${message === '' && cause instanceof AggregateError ? String(cause.errors[0]) : message}`
}

interface Body {
  readonly headers: Readonly<Record<string, string>>
  readonly data?: string | Uint8Array | UndiciFormData
}

function bodyOf(request: HttpRequest, FormData: typeof UndiciFormData): Body {
  if (request.json !== undefined) {
    return { headers: { 'content-type': 'application/json' }, data: JSON.stringify(request.json) }
  }
  if (request.bytes !== undefined) {
    return { headers: { 'content-type': request.bytes.contentType }, data: request.bytes.data }
  }
  if (request.form === undefined) return { headers: {} }
  const form = new FormData()
  for (const part of request.form) {
    if ('text' in part) form.append(part.name, part.text)
    else {
      const bytes = new Uint8Array(part.file.bytes)
      form.append(part.name, new File([bytes], part.file.name, { type: part.file.contentType }))
    }
  }
  return { headers: {}, data: form }
}

/** Null, and the connection ended, when there is more. */
async function readAtMost(body: AsyncIterable<Buffer> & { destroy(): unknown }, limit: number): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > limit) {
      body.destroy()
      return null
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function rehearsed(method: string, url: URL, request: HttpRequest, mask: (text: string) => string): Rehearsed {
  const body =
    request.json ??
    request.form?.map((part) => ('text' in part ? { [part.name]: part.text } : { [part.name]: fileLine(part.file) })) ??
    (request.bytes === undefined ? undefined : bytesLine(request.bytes))
  return {
    // What an answer will say is `(its.name)`, in a query too.
    what: mask(`${method} ${url.href.replaceAll(/%28([\w.]+)%29/g, '($1)')}`),
    ...(request.headers === undefined ? {} : { headers: request.headers }),
    ...(body === undefined ? {} : { body }),
  }
}

/** A plain text is shown as it is; a file by its size and sum. */
function bytesLine({ data, contentType }: NonNullable<HttpRequest['bytes']>): string {
  return contentType.startsWith('text/plain')
    ? Buffer.from(data).toString('utf8')
    : `<${data.length} bytes, ${contentType}, SHA-256 ${createHash('sha256').update(data).digest('hex')}>`
}

export function fileLine(file: ParcelFile): string {
  return `<${file.name}, ${file.bytes.length} bytes, ${file.contentType}, SHA-256 ${file.sha256}>`
}

let dispatchers = new Map<string, Dispatcher>()

async function dispatcherFor(options: HttpOptions): Promise<Dispatcher> {
  const { caFile, insecure, timeoutMs, certFile = null, keyFile = null, proxy = null } = options
  const key = JSON.stringify([caFile, insecure, timeoutMs, certFile, keyFile, proxy])
  const known = dispatchers.get(key)
  if (known !== undefined) return known
  const { EnvHttpProxyAgent } = await import('undici')
  const tls = {
    ...(caFile === null ? {} : { ca: [...rootCertificates, readFileSync(caFile, 'utf8')] }),
    ...(insecure ? { rejectUnauthorized: false } : {}),
  }
  const ours = {
    ...(certFile === null ? {} : { cert: readFileSync(certFile, 'utf8') }),
    ...(keyFile === null ? {} : { key: readFileSync(keyFile, 'utf8') }),
  }
  const made = new EnvHttpProxyAgent({
    connect: { ...tls, ...ours, timeout: timeoutMs },
    requestTls: { ...tls, ...ours },
    proxyTls: tls,
    ...(proxy === null ? {} : { httpProxy: proxy, httpsProxy: proxy, noProxy: '' }),
    headersTimeout: 0,
    bodyTimeout: 0,
    // A connection kept for later would keep the process for as long.
    keepAliveTimeout: 1000,
    keepAliveMaxTimeout: 1000,
  })
  dispatchers.set(key, made)
  return made
}

/** Ends kept connections, so that a process that is done can end. */
export async function closeConnections(): Promise<void> {
  const open = [...dispatchers.values()]
  dispatchers = new Map()
  await Promise.all(open.map(async (each) => await each.destroy()))
}
