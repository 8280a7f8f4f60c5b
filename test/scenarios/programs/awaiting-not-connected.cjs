const net = require('node:net')

class Broker {
  offlineQueue = []
  status = 'connecting'
  constructor(port) {
    this.port = port
  }
  open() {
    const socket = net.connect(this.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.on('close', () => {
      this.status = 'reconnecting'
      setTimeout(() => this.open(), 15_000)
    })
  }
  publish(text) {
    return new Promise((resolve) => this.offlineQueue.push({ text, resolve }))
  }
}

async function w_publish(port) {
  const broker = new Broker(port)
  broker.open()
  await broker.publish('order 7') // @here
}

async function w_execute(task) {
  if (!task.wedge) return
  // A port that was free a moment ago: nobody listens there.
  const probe = net.createServer()
  await new Promise((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  task.wedging()
  await w_publish(port)
}
module.exports = { execute: w_execute }
