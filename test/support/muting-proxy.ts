/** An HTTPS server for HTTP/2 behind a TCP proxy that can mute the connections it has: what comes back is dropped. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http2 from 'node:http2'
import net, { type AddressInfo } from 'node:net'
import path from 'node:path'
import { PROGRAMS } from './nodes.js'

const TLS = path.join(PROGRAMS, 'awaits/tls')

export interface MutingProxy {
  readonly url: string
  readonly port: number
  /** Connections that were ever opened. */
  connections(): number
  /** Those that there are get no more data; new ones work. */
  mute(): void
  close(): void
}

/** `answerAfterMs`: how long the server takes for each request. */
export async function startMutingProxy(answerAfterMs = 0): Promise<MutingProxy> {
  const server = http2.createSecureServer({
    key: readFileSync(path.join(TLS, 'key.pem')),
    cert: readFileSync(path.join(TLS, 'cert.pem')),
    allowHTTP1: true,
  })
  server.on('request', (_request, response) => setTimeout(() => response.end('ok'), answerAfterMs))
  server.on('sessionError', () => {})
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const muted = new Set<net.Socket>()
  const open = new Set<net.Socket>()
  let opened = 0
  const proxy = net.createServer((client) => {
    opened++
    open.add(client)
    const upstream = net.connect((server.address() as AddressInfo).port, '127.0.0.1')
    for (const socket of [client, upstream]) socket.on('error', () => {})
    client.pipe(upstream)
    upstream.on('data', (data) => muted.has(client) || client.write(data))
    client.on('close', () => {
      open.delete(client)
      upstream.destroy()
    })
    upstream.on('close', () => muted.has(client) || client.destroy())
  })
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  const { port } = proxy.address() as AddressInfo
  return {
    url: `https://127.0.0.1:${port}/poll`,
    port,
    connections: () => opened,
    mute: () => open.forEach((socket) => muted.add(socket)),
    close() {
      for (const socket of open) socket.destroy()
      proxy.close()
      server.close()
    },
  }
}
