// A subscription that hears nothing for minutes, as is right, beside a loop that polls.
const net = require('node:net')
const { EventEmitter, once } = require('node:events')

class Subscription extends EventEmitter {
  constructor(port) {
    super()
    this.socket = net.connect(port, '127.0.0.1')
    this.socket.on('data', (data) => this.emit('message', String(data)))
  }
}

async function w_follow(subscription) {
  for (;;) await once(subscription, 'message')
}

async function w_loop(worker) {
  const subscription = new Subscription(Number(process.env.LINE_PORT))
  await once(subscription.socket, 'connect')
  subscription.socket.write('GET ok\n')
  void w_follow(subscription)
  for (;;) {
    worker.beat()
    const task = await worker.poll()
    if (task.n === 2) task.wedging()
    await worker.pause(20)
  }
}
module.exports = { loop: w_loop }
