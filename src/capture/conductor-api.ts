/**
 * Conductor's API over a connection of our own, asked to read only: `POST /token` where the server wants one, then GETs.
 * With the SDK's own credentials and certificates, as its environment says; never through the thread pool that the worker
 * may have exhausted, so a name is not looked up: the address is that of a connection that the worker has.
 */
import { readFileSync } from 'node:fs'
import type http from 'node:http'
import { VERSION } from '../model/version.js'

export interface ApiAccess {
  readonly keyId: string
  readonly keySecret: string
  readonly caFile: string | null
  readonly insecure: boolean
  /** A client's certificate and its key, paths. */
  readonly certFile: string | null
  readonly keyFile: string | null
}

export interface ApiAnswer {
  readonly status: number
  readonly body: unknown
  /** The server's own clock, ms since the epoch; null when it did not say. */
  readonly serverMs: number | null
}

const MOST_BYTES = 256 * 1024

/** As SDK 4 reads its environment. */
export function accessFrom(env: NodeJS.ProcessEnv): ApiAccess {
  return {
    keyId: env['CONDUCTOR_AUTH_KEY'] ?? '',
    keySecret: env['CONDUCTOR_AUTH_SECRET'] ?? '',
    caFile: env['CONDUCTOR_TLS_CA_PATH'] ?? null,
    insecure: /^(?:true|1)$/i.test(env['CONDUCTOR_TLS_INSECURE'] ?? '') || env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0',
    certFile: env['CONDUCTOR_TLS_CERT_PATH'] ?? null,
    keyFile: env['CONDUCTOR_TLS_KEY_PATH'] ?? null,
  }
}

export class ConductorApi {
  readonly #base: string
  readonly #access: ApiAccess
  readonly #deadlineMs: number
  readonly #signal: AbortSignal
  readonly #secure: boolean
  readonly #address: string
  #token: Promise<string | null> | null = null

  /**
   * @param server its `peer` is the address (`10.0.0.5:8080`) where that is known by a connection of the worker's
   * @throws Error where the address is not known
   */
  constructor(
    { base, peer }: { readonly base: string; readonly peer: string | null },
    access: ApiAccess,
    deadlineMs: number,
    signal: AbortSignal,
  ) {
    const { hostname } = new URL(base)
    const address = peer === null ? addressOf(hostname) : peer.slice(0, peer.lastIndexOf(':'))
    if (address === null) throw new Error(`no connection of the worker's shows the address of ${hostname}`)
    this.#base = base
    this.#address = bare(address)
    this.#access = access
    this.#deadlineMs = deadlineMs
    this.#signal = signal
    this.#secure = base.startsWith('https:')
  }

  /** Rejects with what the connection failed with; an error status is an answer. */
  async get(path: string): Promise<ApiAnswer> {
    const token = await (this.#token ??= this.#logIn())
    return await this.#send('GET', path, token === null ? {} : { 'x-authorization': token }, null)
  }

  async #logIn(): Promise<string | null> {
    const { keyId, keySecret } = this.#access
    if (keyId === '' || keySecret === '') return null
    const { body, status } = await this.#send('POST', '/token', {}, JSON.stringify({ keyId, keySecret }))
    const token: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'token') : null
    if (typeof token !== 'string') throw new Error(`no token: POST /token answered ${status}`)
    return token
  }

  #send(method: string, path: string, headers: http.OutgoingHttpHeaders, body: string | null): Promise<ApiAnswer> {
    return new Promise((resolve, reject) => {
      const request = this.#open(new URL(`${this.#base}${path}`), {
        method,
        agent: false,
        signal: this.#signal,
        timeout: Math.max(1, this.#deadlineMs - performance.now()),
        lookup: (_name, options, done) => answerLookup(this.#address, options, done),
        headers: {
          'user-agent': `conductor-stall-agent/${VERSION}`,
          accept: 'application/json',
          connection: 'close',
          ...(body === null ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
          ...headers,
        },
      })
      const timer = setTimeout(() => request.destroy(new Error('no answer in time')), this.#leftMs())
      const finish = (act: () => void): void => {
        clearTimeout(timer)
        request.destroy()
        act()
      }
      request.on('error', (error) => finish(() => reject(error)))
      request.on('response', (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
          if (text.length > MOST_BYTES) request.destroy(new Error('the answer is too long'))
        })
        response.on('end', () => finish(() => resolve(answerOf(response, text))))
        response.on('error', (error) => finish(() => reject(error)))
      })
      request.end(body ?? undefined)
    })
  }

  #leftMs(): number {
    return Math.max(1, this.#deadlineMs - performance.now())
  }

  #open(url: URL, options: http.RequestOptions): http.ClientRequest {
    const { caFile, insecure, certFile, keyFile } = this.#access
    // 2 and 10 ms of a capture's start and 2 MB, for what few processes have: loaded only when it is used.
    if (!this.#secure) return process.getBuiltinModule('node:http').request(url, options)
    return process.getBuiltinModule('node:https').request(url, {
      ...options,
      ...(insecure ? { rejectUnauthorized: false } : {}),
      ...(caFile === null ? {} : { ca: readFileSync(caFile) }),
      ...(certFile === null ? {} : { cert: readFileSync(certFile) }),
      ...(keyFile === null ? {} : { key: readFileSync(keyFile) }),
    })
  }
}

/** Null: only a look-up could tell, and that would take a thread of the pool that the worker may have exhausted. */
function addressOf(hostname: string): string | null {
  const name = bare(hostname)
  if (familyOf(name) !== 0) return name
  return name === 'localhost' ? '127.0.0.1' : null
}

/** 4, 6, or 0 for a name. node:net is loaded only here: few processes are asked about. */
function familyOf(address: string): number {
  return process.getBuiltinModule('node:net').isIP(address)
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '')
}

type LookupDone = (
  error: NodeJS.ErrnoException | null,
  address: string | { address: string; family: number }[],
  family?: number,
) => void

function answerLookup(address: string, options: { readonly all?: boolean | undefined }, done: LookupDone): void {
  const family = familyOf(address)
  if (options.all === true) done(null, [{ address, family }])
  else done(null, address, family)
}

function answerOf({ statusCode = 0, headers }: http.IncomingMessage, text: string): ApiAnswer {
  const date = headers.date === undefined ? Number.NaN : Date.parse(headers.date)
  return { status: statusCode, body: parse(text), serverMs: Number.isFinite(date) ? date : null }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
