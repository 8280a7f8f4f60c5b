const net = require('node:net')

class w_LineClient {
  constructor(port) {
    this.pending = []
    this.socket = net.connect(port, '127.0.0.1')
    this.socket.on('data', (chunk) => this.pending.shift()?.resolve(String(chunk)))
  }

  command(text) {
    return new Promise((resolve, reject) => {
      this.pending.push({ text, resolve, reject })
      this.socket.write(`${text}\n`)
    })
  }
}

let client

async function w_readBalance(account) {
  const reply = await client.command(`GET ${account}`) // @here
  return Number(reply)
}

async function w_execute(task) {
  client ??= new w_LineClient(task.linePort)
  if (!task.wedge) return w_readBalance('ok')
  task.wedging()
  return await w_readBalance('hang')
}
module.exports = { execute: w_execute }
