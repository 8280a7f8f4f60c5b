// A mail client: what is sent is piped into the connection, and the connection goes on after it. The body is never ended.
const net = require('node:net')
const { PassThrough, Transform } = require('node:stream')

class w_Mailer {
  constructor(port) {
    this.waiting = null
    this.socket = net.connect(port, '127.0.0.1')
    this.socket.on('data', (chunk) => this.answer(String(chunk)))
  }
  answer(text) {
    const waiting = this.waiting
    this.waiting = null
    waiting?.(text)
  }
  send(body) {
    return new Promise((resolve) => {
      this.waiting = resolve
      const dots = new Transform({ transform: (chunk, encoding, done) => done(null, chunk) })
      body.pipe(dots).pipe(this.socket, { end: false })
    })
  }
}

let mailer

function w_letter(ends) {
  const letter = new PassThrough()
  letter.write(ends ? 'GET ok\n' : 'half a letter')
  if (ends) letter.end()
  return letter
}

async function w_mail(ends) {
  return mailer.send(w_letter(ends)).then((answer) => answer.trim())
}

async function w_deliver(ends) {
  const answer = await w_mail(ends) // @here
  return answer
}

async function w_execute(task) {
  mailer ??= new w_Mailer(task.linePort)
  if (task.wedge) task.wedging()
  return await w_deliver(!task.wedge)
}
module.exports = { execute: w_execute }
