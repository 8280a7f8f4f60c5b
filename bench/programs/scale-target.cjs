// A process with a given number of something. argv: what, how many. Says how many it got, then waits.
'use strict'
const [what, count] = [process.argv[2], Number(process.argv[3])]
const keep = (globalThis.keep = [])

async function wait() {
  await new Promise((resolve) => keep.push(resolve))
}

const MAKE = {
  heap() {
    for (let at = 0; at < (count * 1e6) / 180; at++) {
      keep.push({ id: at, name: `customer-${at}`, tags: [at, at + 1], parent: keep[(at * 7919) % (at || 1)] ?? null })
    }
    wait()
  },
  functions() {
    for (let at = 0; at < count; at++) wait()
  },
  timers() {
    for (let at = 0; at < count; at++) setTimeout(() => void wait(), 3_600_000 + (at % 1000))
    wait()
  },
  async threads() {
    const { Worker } = require('node:worker_threads')
    const ready = []
    for (let at = 0; at < count; at++) {
      const worker = new Worker(
        'setInterval(() => {}, 1000); require("node:worker_threads").parentPort.postMessage(1)',
        {
          eval: true,
          resourceLimits: { maxOldGenerationSizeMb: 64 },
        },
      )
      ready.push(new Promise((resolve) => worker.once('message', resolve)))
    }
    await Promise.all(ready)
  },
  async sockets() {
    // Half of them are ours, half the server's: both lie in this process.
    const net = require('node:net')
    const server = net.createServer((socket) => keep.push(socket))
    await new Promise((resolve) => server.listen(0, '127.0.0.1', 511, resolve))
    const { port } = server.address()
    for (let at = 0; at < count / 2; at++) {
      const socket = net.connect(port, '127.0.0.1')
      keep.push(socket)
      const isThere = await new Promise((resolve) => {
        socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      })
      // As many as the limit of open files lets it have.
      if (!isThere) return at * 2
    }
  },
  async processes() {
    const { spawn } = require('node:child_process')
    for (let at = 0; at < count; at += 25) {
      const some = Array.from({ length: Math.min(25, count - at) }, () =>
        spawn(process.execPath, ['-e', 'process.stdin.resume().on("end", () => process.exit()); console.log(1)'], {
          stdio: ['pipe', 'pipe', 'ignore'],
        }),
      )
      keep.push(...some)
      await Promise.all(some.map((child) => new Promise((resolve) => child.stdout.once('data', resolve))))
    }
  },
}

async function start() {
  const got = await MAKE[what]()
  setInterval(() => {}, 60_000)
  process.stdin.resume().on('end', () => process.exit())
  console.log(got ?? count)
}

void start()
