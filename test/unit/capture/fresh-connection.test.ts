import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { tryConnection } from '../../../src/capture/fresh-connection.js'
import type { FreshConnection } from '../../../src/model/evidence.js'

/** A server that answers the first bytes of each connection with `answer`; null: never. */
async function serve(answer: string | null): Promise<{ peer: string; asked: () => string; open: () => number }> {
  let asked = ''
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket.on('close', () => sockets.delete(socket)).on('error', () => undefined))
    socket.on('data', (data) => {
      asked += data.toString()
      if (answer !== null) socket.write(answer)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { peer: `127.0.0.1:${port}`, asked: () => asked, open: () => sockets.size }
}

function tryIt(peer: string, limitMs = 5_000): Promise<FreshConnection> {
  const url = `http://conductor.example:${peer.split(':')[1]}/api/tasks/poll/batch/orders`
  return tryConnection({ peer, url }, performance.now() + limitMs, new AbortController().signal)
}

describe('a fresh connection', () => {
  test('is answered by any status of the server itself, and asks for nothing but OPTIONS', async () => {
    const server = await serve('HTTP/1.1 401 Unauthorized\r\n\r\n')
    const found = await tryIt(server.peer)
    expect(found).toMatchObject({ peer: server.peer, answered: true, reached: 'answered', status: 401 })
    expect(server.asked()).toMatch(/^OPTIONS \/api\/tasks\/poll\/batch\/orders HTTP\/1\.1\r\nHost: conductor\.example:/)
    expect(server.asked()).not.toMatch(/authorization|cookie/i)
    await expect.poll(() => server.open()).toBe(0)
  })

  test('is not answered by a gateway whose server is away', async () => {
    const server = await serve('HTTP/1.1 503 Service Unavailable\r\n\r\n')
    expect(await tryIt(server.peer)).toMatchObject({ answered: false, reached: 'answered', status: 503 })
  })

  test('is answered by the frames of an HTTP/2 server', async () => {
    const server = await serve('\u0000\u0000\u0000\u0004\u0000\u0000\u0000\u0000\u0000')
    expect(await tryIt(server.peer)).toMatchObject({ answered: true, reached: 'answered' })
  })

  test('gives up at the deadline, and leaves no socket', async () => {
    const server = await serve(null)
    const startedMs = performance.now()
    expect(await tryIt(server.peer, 200)).toMatchObject({ answered: false, reached: 'connected' })
    expect(performance.now() - startedMs).toBeLessThan(2_000)
    await expect.poll(() => server.open()).toBe(0)
  })

  test('says when nobody listens', async () => {
    const server = net.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    expect(await tryIt(`127.0.0.1:${port}`)).toMatchObject({
      answered: false,
      reached: 'nothing',
      error: 'ECONNREFUSED',
    })
  })
})
