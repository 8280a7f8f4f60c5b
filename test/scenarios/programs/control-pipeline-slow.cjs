// Pipelines into a writer that is slow, and a codec that is piped into a connection for good while answers come.
const net = require('node:net')
const { Readable, Transform, Writable } = require('node:stream')
const { pipeline } = require('node:stream/promises')

class w_Archive extends Writable {
  _write(chunk, encoding, done) {
    setTimeout(done, 120)
  }
}

class w_Lines {
  constructor(port) {
    this.waiting = []
    this.encoder = new Transform({ transform: (chunk, encoding, done) => done(null, chunk) })
    this.socket = net.connect(port, '127.0.0.1')
    this.encoder.pipe(this.socket)
    this.socket.on('data', () => this.waiting.shift()?.())
  }
  ask(text) {
    return new Promise((resolve) => {
      this.waiting.push(resolve)
      this.encoder.write(`${text}\n`)
    })
  }
}

async function w_store(lines) {
  const chunks = Array.from({ length: 8 }, () => Buffer.alloc(16_384, 1))
  await pipeline(Readable.from(chunks), new w_Archive())
  await lines.ask('GET ok')
}

async function w_loop(worker) {
  let lines
  for (;;) {
    worker.beat()
    const task = await worker.poll()
    lines ??= new w_Lines(task.linePort)
    if (task.n === 2) task.wedging()
    await w_store(lines)
  }
}
module.exports = { loop: w_loop }
