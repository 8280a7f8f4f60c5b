// One connection, one command at a time: behind one that blocks until there is a job, the next is never sent.
const net = require('node:net')
const { once } = require('node:events')

class Wire {
  pending = []
  active = null
  async open(port) {
    this.socket = net.connect(port, '127.0.0.1')
    this.socket.on('data', () => this.#answered())
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
let wire = null

async function w_takeJob() {
  return await wire.ask('BLOCK\n')
}
async function w_extendLease(text) {
  return await wire.ask(text) // @here
}

async function w_execute(task) {
  if (wire === null) await (wire = new Wire()).open(task.linePort)
  if (task.wedge) {
    task.wedging()
    void w_takeJob()
  }
  await w_extendLease('GET ok\n')
}
module.exports = { execute: w_execute }
