// What the workers of the scenarios talk to, in the runner's own process: polls that answer, requests that never do.
import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'

async function listen(server, host = '127.0.0.1') {
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, host, resolve))
  return server.address().port
}

function handle(request, response, controls) {
  const url = new URL(request.url, 'http://x')
  const [, what] = url.pathname.split('/')
  switch (what) {
    case 'hang':
      return
    case 'half':
      response.writeHead(200, { 'content-length': 1000 })
      response.write('x'.repeat(100))
      return
    case 'unavailable':
      response.writeHead(503).end('unavailable')
      return
    case 'slow':
      setTimeout(() => response.end('{}'), 2_500)
      return
    case 'brief':
      setTimeout(() => response.end('[]'), 2_000)
      return
    case 'long':
      setTimeout(() => response.end('[]'), 20_000)
      return
    case 'control':
      void Promise.resolve(controls[url.pathname.split('/')[2]]?.()).then(() => response.end('done'))
      return
    default:
      setTimeout(() => response.end('{}'), 20)
  }
}

/** @returns the environment for a worker, and `close()`. `controls`: what a worker may ask the runner to do. */
export async function startServices(controls) {
  let muted = false
  const plain = http.createServer({ requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 }, (request, response) =>
    handle(request, response, { 'mute-h2': () => (muted = true), ...controls }),
  )
  const second = http2.createServer()
  second.on('stream', (stream) => {
    stream.on('error', () => {})
    if (!muted) stream.respond({ ':status': 200 }, { endStream: true })
  })
  // Muted as a broken middlebox does it: the session is open and acknowledged, and says nothing more.
  const line = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      if (String(chunk).startsWith('GET ok')) socket.write('1\n')
    })
  })
  const sockets = new Set()
  for (const server of [plain, second, line]) {
    server.on('connection', (socket) => sockets.add(socket.on('close', () => sockets.delete(socket))))
  }
  const port = await listen(plain)
  const env = {
    BASE: `http://127.0.0.1:${port}`,
    CONTROL: `http://127.0.0.1:${port}/control`,
    H2: `http://127.0.0.1:${await listen(second)}`,
    LINE_PORT: String(await listen(line)),
  }
  return {
    env,
    close() {
      for (const socket of sockets) socket.destroy()
      for (const server of [plain, second, line]) server.close()
    },
  }
}
