// Servers that speak as much of each protocol as the clients of the sweep need, faithfully: what a query says decides
// whether it is answered (`quick`), answered late (`slow`) or never (`silent`). Prints its ports as one line of JSON.
import { once } from 'node:events'
import { createServer as createHttp } from 'node:http'
import { createServer } from 'node:net'
import { createRequire } from 'node:module'
import { spawn } from 'node:child_process'
import { listenMongo } from '../support/peers/mongo.mjs'
import { listenMysql } from '../support/peers/mysql.mjs'

const require = createRequire(import.meta.url)
const SLOW_MS = 1_500
const later = (text, answer) => {
  if (text.includes('silent')) return
  setTimeout(() => answer(), text.includes('slow') ? SLOW_MS : 5)
}

async function listening(server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server.address().port
}

function tcp(onConnection) {
  return listening(
    createServer((socket) => {
      socket.on('error', () => {})
      onConnection(socket)
    }),
  )
}

// --- PostgreSQL: simple and extended queries with one row, one column
const message = (type, ...parts) => {
  const body = Buffer.concat(parts)
  const head = Buffer.alloc(5)
  head.write(type, 0)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}
const i16 = (n) => {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(n)
  return bytes
}
const i32 = (n) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(n)
  return bytes
}
const text = (value) => Buffer.from(`${value}\0`)
const READY = message('Z', Buffer.from('I'))
const SHAPE = message('T', i16(1), text('n'), i32(0), i16(0), i32(23), i16(4), i32(-1), i16(0))
const ROW = Buffer.concat([message('D', i16(1), i32(1), Buffer.from('7')), message('C', text('SELECT 1'))])

const pg = await tcp((socket) => {
  let started = false
  let held = Buffer.alloc(0)
  let parsed = ''
  socket.on('data', (data) => {
    held = Buffer.concat([held, data])
    for (;;) {
      const at = started ? 1 : 0
      if (held.length < at + 4) return
      const length = held.readInt32BE(at) + at
      if (held.length < length) return
      const type = started ? String.fromCharCode(held[0]) : 'start'
      const body = held.subarray(at + 4, length).toString()
      held = held.subarray(length)
      if (type === 'start') {
        started = true
        socket.write(Buffer.concat([message('R', i32(0)), message('S', text('server_version'), text('16.1')), READY]))
      } else if (type === 'Q') {
        const rows = /^(begin|start|commit|rollback|set)/i.test(body) ? message('C', text('SET')) : [SHAPE, ROW]
        later(body, () => socket.write(Buffer.concat([rows, READY].flat())))
      } else if (type === 'P') {
        parsed = body
        socket.write(message('1'))
      } else if (type === 'B') socket.write(message('2'))
      else if (type === 'D') socket.write(SHAPE)
      else if (type === 'E') later(parsed, () => socket.write(ROW))
      else if (type === 'S') later(parsed, () => socket.write(READY))
      else if (type === 'X') socket.end()
    }
  })
})

const mysql = await listenMysql(require('mysql2').createServer, later)
const mongo = await listenMongo(require('bson'), later)

// --- Redis: inline arrays of RESP2; BLPOP never answers, as on an empty list
const redis = await tcp((socket) => {
  let held = ''
  socket.on('data', (data) => {
    held += data
    for (;;) {
      const head = /^\*(\d+)\r\n/.exec(held)
      if (head === null) return
      let at = head[0].length
      const words = []
      for (let i = 0; i < Number(head[1]); i++) {
        const size = /^\$(\d+)\r\n/.exec(held.slice(at))
        if (size === null) return
        at += size[0].length
        if (held.length < at + Number(size[1]) + 2) return
        words.push(held.slice(at, at + Number(size[1])))
        at += Number(size[1]) + 2
      }
      held = held.slice(at)
      const [name] = words
      if (/^blpop$/i.test(name)) {
        // One connection answers in turn: what comes behind is not answered either.
        socket.removeAllListeners('data')
        socket.resume()
        return
      }
      if (/^info$/i.test(name)) socket.write('$23\r\nredis_version:7.2.0\r\nx:\r\n')
      else if (/^get$/i.test(name)) later(words[1], () => socket.write('$1\r\n7\r\n'))
      else if (/^hello$/i.test(name)) socket.write('%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$5\r\nproto\r\n:3\r\n')
      else socket.write('+OK\r\n')
    }
  })
})

// --- HTTP, for web clients and for S3
const http = await listening(
  createHttp((request, response) => {
    request.resume()
    later(request.url, () => {
      if (request.url.includes('half')) {
        response.writeHead(200, { 'content-length': 500_000 })
        return response.write(Buffer.alloc(1_000, 1))
      }
      const body = Buffer.alloc(request.url.includes('large') ? 400_000 : 20, 49)
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': body.length, etag: '"e1"' })
      response.end(body)
    })
  }),
)

// --- gRPC, without generated code: buffers in and out
const grpc = await new Promise((resolve, reject) => {
  const { Server, ServerCredentials } = require('@grpc/grpc-js')
  const server = new Server()
  const plain = { requestSerialize: (b) => b, requestDeserialize: (b) => b, responseSerialize: (b) => b }
  const method = (path, responseStream) => ({
    path,
    requestStream: false,
    responseStream,
    ...plain,
    responseDeserialize: (b) => b,
  })
  server.addService(
    { say: method('/talk.Talk/Say', false), list: method('/talk.Talk/List', true) },
    {
      say: (call, callback) => later(call.request.toString(), () => callback(null, Buffer.from('7'))),
      list: (call) => {
        for (let i = 0; i < 20; i++) call.write(Buffer.alloc(32_000, 49))
        call.end()
      },
    },
  )
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
    error ? reject(error) : resolve(port),
  )
})

// --- Connections that the kernel accepts and that nobody serves; and a full backlog, where not even that happens
const deaf = spawn(process.execPath, [new URL('deaf.mjs', import.meta.url).pathname], {
  stdio: ['pipe', 'pipe', 'inherit'],
})
const [line] = await once(deaf.stdout, 'data')
const closed = await new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address()
    server.close(() => resolve(port))
  })
})
console.log(JSON.stringify({ pg, mysql, mongo, redis, http, grpc, closed, ...JSON.parse(line) }))
process.stdin.resume().once('end', () => {
  deaf.kill('SIGKILL')
  process.exit()
})
