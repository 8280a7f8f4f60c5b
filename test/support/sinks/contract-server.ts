/** An HTTP server that plays a vendor's API: routes that check what the vendor documents, and faults on demand. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  readonly method: string
  /** With the query. */
  readonly url: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** JSON unless a string or bytes. */
  readonly body?: unknown
}

export type Handler = (request: Received) => Reply | Promise<Reply>

/** What goes wrong: before or after the handler has done its work, or when only the first bytes of a body are there. */
export interface Fault {
  /** Which request of those that match, from 1. */
  readonly nth: number
  readonly match?: (request: Received) => boolean
  readonly when: 'during' | 'before' | 'after'
  readonly act: (request: Received, response: ServerResponse) => Reply | 'hang' | 'cut'
}

export class ContractServer {
  readonly received: Received[] = []
  faults: Fault[] = []
  readonly #server: Server
  readonly #counts = new Map<Fault, number>()
  #onHang: () => void = () => undefined

  private constructor(handler: Handler) {
    this.#server = createServer((request, response) => {
      void this.#serve(handler, request, response)
    })
  }

  static async start(handler: Handler): Promise<ContractServer> {
    const server = new ContractServer(handler)
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  /** Once a request was left without an answer. */
  async hung(): Promise<void> {
    await new Promise<void>((resolve) => (this.#onHang = resolve))
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(handler: Handler, message: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(message.url ?? '/', 'http://x')
    const head: Omit<Received, 'body'> = {
      method: message.method ?? '',
      url: message.url ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: message.headers,
    }
    const chunks: Buffer[] = []
    try {
      for await (const chunk of message) {
        chunks.push(chunk as Buffer)
        if (chunks.length > 1) continue
        const request = { ...head, body: Buffer.concat(chunks) }
        const fault = this.#faultOf(request, (each) => each.when === 'during')
        if (fault !== null && this.#fail(fault, request, response)) return
      }
    } catch {
      // The client died in the middle of its upload.
      return
    }
    const request: Received = { ...head, body: Buffer.concat(chunks) }
    const fault = this.#faultOf(request, (each) => each.when !== 'during')
    if (fault?.when === 'before' && this.#fail(fault, request, response)) return
    this.received.push(request)
    const reply = await handler(request)
    if (fault?.when === 'after' && this.#fail(fault, request, response)) return
    send(response, reply)
  }

  #fail(fault: Fault, request: Received, response: ServerResponse): boolean {
    const what = fault.act(request, response)
    if (what === 'hang') this.#onHang()
    else if (what === 'cut') response.destroy()
    else send(response, what)
    return true
  }

  #faultOf(request: Received, ofKind: (fault: Fault) => boolean): Fault | null {
    let found: Fault | null = null
    for (const fault of this.faults) {
      if (!ofKind(fault) || fault.match?.(request) === false) continue
      const count = (this.#counts.get(fault) ?? 0) + 1
      this.#counts.set(fault, count)
      if (count === fault.nth) found ??= fault
    }
    return found
  }
}

function send(response: ServerResponse, { status, headers = {}, body }: Reply): void {
  if (response.destroyed) return
  const raw = typeof body === 'string' || Buffer.isBuffer(body)
  const type = raw || body === undefined ? {} : { 'content-type': 'application/json' }
  response.writeHead(status, { ...type, ...headers })
  response.end(body === undefined ? undefined : raw ? body : JSON.stringify(body))
}

export interface FormFile {
  readonly name: string
  readonly fileName: string | null
  readonly contentType: string | null
  readonly bytes: Buffer
}

/** Parts of a multipart/form-data body (RFC 7578). */
export async function parseForm({ headers, body }: Received): Promise<FormFile[]> {
  const type = headers['content-type'] ?? ''
  if (!type.startsWith('multipart/form-data; boundary=')) return []
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData()
  return await Promise.all(
    [...form].map(async ([name, value]) =>
      typeof value === 'string'
        ? { name, fileName: null, contentType: null, bytes: Buffer.from(value) }
        : { name, fileName: value.name, contentType: value.type, bytes: Buffer.from(await value.arrayBuffer()) },
    ),
  )
}

export function jsonOf({ body }: Received): Record<string, unknown> {
  return JSON.parse(body.toString('utf8')) as Record<string, unknown>
}
