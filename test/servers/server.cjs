// Workers without a poll loop. usage: server.cjs http|express|fastify|interval [WEDGE]
//   WEDGE: loop | exec | fifo. A server is wedged by GET /wedge; `interval` wedges by itself. Without one it stays healthy.
// Prints `ready PORT` when it serves. TEST_BURST_SECONDS: computes so long at a time, every other second.
'use strict'
const { execFileSync, execSync } = require('node:child_process')
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')

const [kind, wedge] = process.argv.slice(2)

const WEDGES = {
  loop() {
    for (let i = 0; ; i++) if (i < 0) return
  },
  exec: () => execSync('sleep 120'),
  fifo() {
    const fifo = path.join(process.env.TEST_FOLDER, `fifo-${process.pid}`)
    execFileSync('mkfifo', [fifo])
    fs.readFileSync(fifo)
  },
}

function wedged() {
  WEDGES[wedge]()
}

function ready(port) {
  process.stdout.write(`ready ${port}\n`)
}

const KINDS = {
  http() {
    const server = http.createServer((request, response) => {
      if (request.url === '/wedge') wedged()
      response.end('ok')
    })
    server.listen(0, '127.0.0.1', () => ready(server.address().port))
  },
  express() {
    const app = require('express')()
    app.get('/', (_request, response) => response.send('ok'))
    app.get('/wedge', () => wedged())
    const server = app.listen(0, '127.0.0.1', () => ready(server.address().port))
  },
  fastify() {
    const app = require('fastify')()
    app.get('/', async () => 'ok')
    app.get('/wedge', async () => wedged())
    app.listen({ port: 0, host: '127.0.0.1' }).then(() => ready(app.server.address().port))
  },
  interval() {
    let turns = 0
    setInterval(() => {
      if (wedge && ++turns === 40) wedged()
    }, 100)
    ready(0)
  },
}

KINDS[kind]()

const burstMs = Number(process.env.TEST_BURST_SECONDS ?? 0) * 1000
if (burstMs > 0) {
  setInterval(() => {
    const end = performance.now() + burstMs
    while (performance.now() < end);
  }, burstMs + 1000)
}
