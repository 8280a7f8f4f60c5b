// A reply that never comes; the client's own timers could only fail it in half an hour, or tidy the connection up.
const net = require('node:net')
const { once } = require('node:events')

class Ticket {
  constructor(text) {
    this.text = text
    this.promise = new Promise((yes, no) => {
      this.done = yes
      this.fail = no
    })
  }
  arm(ms) {
    this.timer = setTimeout(() => this.expire(ms), ms)
  }
  expire(ms) {
    this.fail(new Error(`no reply in ${ms} ms`))
  }
}
class Channel {
  tickets = []
  async open(port) {
    this.socket = net.connect(port, '127.0.0.1')
    this.socket.on('data', () => {
      const ticket = this.tickets.shift()
      clearTimeout(ticket?.timer)
      ticket?.done()
    })
    this.idleTimer = setInterval(() => this.tidy(), 40_000)
    await once(this.socket, 'connect')
  }
  tidy() {
    if (this.tickets.length === 0) this.socket.end()
  }
  call(text) {
    const ticket = new Ticket(text)
    ticket.arm(1_800_000)
    this.tickets.push(ticket)
    this.socket.write(text)
    return ticket.promise
  }
}
let channel = null

async function w_priceOf(text) {
  return await channel.call(text) // @here
}

async function w_execute(task) {
  if (channel === null) await (channel = new Channel()).open(task.linePort)
  if (task.wedge) task.wedging()
  await w_priceOf(task.wedge ? 'GET lost\n' : 'GET ok\n')
}
module.exports = { execute: w_execute }
