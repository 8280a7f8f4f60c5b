// The same manner of connection; each command is answered, and thirty of them wait for their turn at any time.
const net = require('node:net')
const { once } = require('node:events')

class Wire {
  pending = []
  active = null
  async open(port) {
    this.socket = net.connect(port, '127.0.0.1')
    this.socket.on('data', () => setTimeout(() => this.#answered(), 50))
    await once(this.socket, 'connect')
  }
  ask(text) {
    return new Promise((resolve) => {
      this.pending.push({ text, resolve })
      if (this.active === null) this.#next()
    })
  }
  #answered() {
    this.active?.resolve()
    this.#next()
  }
  #next() {
    this.active = this.pending.shift() ?? null
    if (this.active) this.socket.write(this.active.text)
  }
}

async function w_extendLeases(wire) {
  for (;;) await wire.ask('GET ok\n')
}

async function w_loop(worker) {
  const wire = new Wire()
  await wire.open(Number(process.env.LINE_PORT))
  for (let n = 0; n < 30; n++) void w_extendLeases(wire)
  for (;;) {
    worker.beat()
    const task = await worker.poll()
    if (task.n === 2) task.wedging()
    await wire.ask('GET ok\n')
  }
}
module.exports = { loop: w_loop }
