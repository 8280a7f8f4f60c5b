const net = require('node:net')

async function w_consume(socket) {
  let size = 0
  for await (const chunk of socket) size += chunk.length // @here
  return size
}

async function w_execute(task) {
  if (!task.wedge) return
  const socket = net.connect(task.linePort, '127.0.0.1')
  socket.write('SUBSCRIBE\n')
  task.wedging()
  return await w_consume(socket)
}
module.exports = { execute: w_execute }
