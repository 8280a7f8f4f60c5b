const net = require('node:net')

class LinePool {
  idle = []
  all = []
  waiting = []
  constructor(port, max) {
    this.port = port
    this.max = max
  }
  async take() {
    if (this.idle.length > 0) return this.idle.pop()
    if (this.all.length < this.max) {
      const client = { socket: net.connect(this.port, '127.0.0.1'), activeQuery: null }
      client.socket.on('close', () => this.give(client))
      this.all.push(client)
      return client
    }
    return await new Promise((resolve) => this.waiting.push(resolve))
  }
  give(client) {
    const next = this.waiting.shift()
    if (next) next(client)
    else this.idle.push(client)
  }
}
let pool = null

async function w_readOrders(id) {
  const client = await pool.take() // @here
  if (id < 0) return null
  pool.give(client)
  return id
}

async function w_execute(task) {
  pool ??= new LinePool(task.linePort, 3)
  if (task.wedge) task.wedging()
  for (let i = 0; i < 4; i++) await w_readOrders(task.wedge ? -1 : i)
}
module.exports = { execute: w_execute }
