/** A TCP proxy that loses answers: what the server sent arrives no more, and then its connections are reset. */
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'

export interface LosingProxy {
  readonly port: number
  /** From now on answers are lost. */
  lose(): void
  /** Resets the connections that there are; new ones work. */
  reset(): void
  close(): void
}

export async function startLosingProxy(to: number): Promise<LosingProxy> {
  const open = new Set<net.Socket>()
  const losing = new Set<net.Socket>()
  const proxy = net.createServer((client) => {
    open.add(client)
    const upstream = net.connect(to, '127.0.0.1')
    for (const socket of [client, upstream]) socket.on('error', () => {})
    client.pipe(upstream)
    upstream.on('data', (data) => losing.has(client) || client.write(data))
    client.on('close', () => {
      open.delete(client)
      upstream.destroy()
    })
    upstream.on('close', () => client.destroy())
  })
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  const all = (act: (socket: net.Socket) => void): void => {
    for (const socket of open) act(socket)
  }
  return {
    port: (proxy.address() as AddressInfo).port,
    lose: () => all((socket) => losing.add(socket)),
    reset: () => all((socket) => socket.resetAndDestroy()),
    close() {
      all((socket) => socket.destroy())
      proxy.close()
    },
  }
}
