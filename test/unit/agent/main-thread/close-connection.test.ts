/** On real sockets: only the one that is meant is closed, and only when nothing comes on it. */
import { once } from 'node:events'
import http2 from 'node:http2'
import net from 'node:net'
import { expect, test, type TestContext } from 'vitest'
import { closeConnection } from '../../../../src/agent/main-thread/close-connection.js'
import type { CloseOutcome, ConnectionToClose } from '../../../../src/agent/shared/messages.js'
import { monotonicMs } from '../../../../src/heartbeat/monotonic.js'

async function startServer({ onTestFinished }: TestContext, serve: (socket: net.Socket) => void): Promise<number> {
  const served: net.Socket[] = []
  const server = net.createServer((socket) => {
    served.push(socket.on('error', () => undefined))
    serve(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of served) socket.destroy()
    server.close()
  })
  return (server.address() as net.AddressInfo).port
}

async function connect({ onTestFinished }: TestContext, port: number): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1').on('error', () => undefined)
  await once(socket, 'connect')
  onTestFinished(() => void socket.destroy())
  return socket
}

function wanted(socket: net.Socket, limitMs = 20_000): ConnectionToClose {
  const local = `127.0.0.1:${socket.localPort}`
  return { id: 1, local, peer: `127.0.0.1:${socket.remotePort}`, untilMs: monotonicMs() + limitMs }
}

function close(connection: ConnectionToClose): Promise<{ outcome: CloseOutcome; text: string }> {
  return new Promise((resolve) => closeConnection(connection, (outcome, text) => resolve({ outcome, text })))
}

test.concurrent('resets the silent one, and leaves its neighbour to the same server open', async (context) => {
  const port = await startServer(context, () => undefined)
  const [dead, neighbour] = [await connect(context, port), await connect(context, port)]
  const failed = new Promise((resolve) => dead.once('close', resolve))
  context
    .expect(await close(wanted(dead)))
    .toEqual({ outcome: 'closed', text: 'nothing came on it in 3 s, and it was closed' })
  await failed
  context.expect(dead.errored).toMatchObject({ code: 'ECONNRESET' })
  context.expect(neighbour.destroyed).toBe(false)
})

test.concurrent('leaves one open on which data comes', async (context) => {
  const port = await startServer(context, (socket) => {
    const timer = setInterval(() => socket.write('.'), 200)
    socket.on('close', () => clearInterval(timer))
  })
  const socket = (await connect(context, port)).resume()
  context.expect(await close(wanted(socket))).toMatchObject({ outcome: 'alive' })
  context.expect(socket.destroyed).toBe(false)
})

/** An HTTP/2 client over one plain connection; `muted`: what the server sends is thrown away. */
async function connectHttp2(
  context: TestContext,
): Promise<{ socket: net.Socket; session: http2.ClientHttp2Session; relay: { muted: boolean } }> {
  const server = http2.createServer(() => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.onTestFinished(() => void server.close())
  const relay = { muted: false }
  const behind = (server.address() as net.AddressInfo).port
  const port = await startServer(context, (client) => {
    const upstream = net.connect(behind, '127.0.0.1').on('error', () => undefined)
    context.onTestFinished(() => void upstream.destroy())
    client.on('data', (data) => void (relay.muted || upstream.write(data)))
    upstream.on('data', (data) => void (relay.muted || client.write(data)))
  })
  const socket = await connect(context, port)
  const session = http2.connect(`http://127.0.0.1:${port}`, { createConnection: () => socket })
  session.on('error', () => undefined)
  context.onTestFinished(() => session.destroy())
  await once(session, 'remoteSettings')
  // A request that is never answered, as a poll in flight.
  session.request({ ':path': '/' }).on('error', () => undefined)
  return { socket, session, relay }
}

test.concurrent('asks an HTTP/2 connection, and leaves it open when it answers', async (context) => {
  const { socket, session } = await connectHttp2(context)
  context.expect(await close(wanted(socket))).toEqual({ outcome: 'alive', text: 'it answered an HTTP/2 PING' })
  context.expect([socket.destroyed, session.destroyed]).toEqual([false, false])
})

test.concurrent('closes an HTTP/2 connection that does not answer, with its session', async (context) => {
  const { socket, session, relay } = await connectHttp2(context)
  relay.muted = true
  const closed = new Promise((resolve) => session.once('close', resolve))
  const { outcome, text } = await close(wanted(socket))
  context.expect([outcome, text]).toEqual(['closed', 'it did not answer an HTTP/2 PING in 3 s, and it was closed'])
  await closed
  context.expect(socket.destroyed).toBe(true)
})

test.concurrent('closes nothing when it is too late, and finds nothing where nothing is', async (context) => {
  const port = await startServer(context, () => undefined)
  const socket = await connect(context, port)
  context.expect(await close(wanted(socket, 1000))).toMatchObject({ outcome: 'failed' })
  context.expect(socket.destroyed).toBe(false)
  const nowhere = { ...wanted(socket, 500), local: '127.0.0.1:1' }
  context.expect(await close(nowhere)).toMatchObject({ outcome: 'not-found' })
})

test('never throws, not even where Node lists no sockets', async () => {
  const listing = process as unknown as { _getActiveHandles: unknown }
  const real = listing._getActiveHandles
  try {
    listing._getActiveHandles = () => {
      throw new Error('not here')
    }
    expect(await close({ id: 1, local: '127.0.0.1:1', peer: '127.0.0.1:2', untilMs: monotonicMs() + 300 })).toEqual({
      outcome: 'failed',
      text: 'closing it failed: not here',
    })
  } finally {
    listing._getActiveHandles = real
  }
})
