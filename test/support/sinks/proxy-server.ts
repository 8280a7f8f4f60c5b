/** A proxy as companies have them: CONNECT (RFC 9110, 9.3.6) and absolute URLs, with basic authentication where asked for. */
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'

export class ProxyServer {
  /** What it was asked for: `CONNECT localhost:8443`, `POST http://127.0.0.1:8080/x`. */
  readonly asked: string[] = []
  readonly #server: Server
  readonly #sockets = new Set<Duplex>()

  private constructor(credentials: string | null) {
    const wanted = credentials === null ? null : `Basic ${Buffer.from(credentials).toString('base64')}`
    const refuses = ({ headers }: IncomingMessage): boolean =>
      wanted !== null && headers['proxy-authorization'] !== wanted
    this.#server = createServer((request, response) => {
      this.asked.push(`${request.method} ${request.url}`)
      if (refuses(request)) {
        response.writeHead(407, { 'proxy-authenticate': 'Basic realm="proxy"' }).end()
        return
      }
      const { 'proxy-authorization': _its, ...headers } = request.headers
      const onward = httpRequest(request.url ?? '', { method: request.method ?? 'GET', headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      })
      onward.once('error', () => response.destroy())
      request.pipe(onward)
    })
    this.#server.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
      this.asked.push(`CONNECT ${request.url}`)
      this.#keep(client)
      if (refuses(request)) {
        client.end('HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm="proxy"\r\n\r\n')
        return
      }
      const { hostname, port } = new URL(`http://${request.url}`)
      const upstream: Socket = connect(Number(port), hostname, () => {
        client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
        upstream.write(head)
        upstream.pipe(client).pipe(upstream)
      })
      this.#keep(upstream)
    })
  }

  /** @param credentials `user:password` that it wants; null: everybody may */
  static async start(credentials: string | null = null): Promise<ProxyServer> {
    const proxy = new ProxyServer(credentials)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #keep(socket: Duplex): void {
    this.#sockets.add(socket)
    socket.once('error', () => undefined)
    socket.once('close', () => this.#sockets.delete(socket))
  }
}
