const net = require('node:net')
const { createPool } = require('generic-pool')
const { ports, mode, pause, poll } = require('./worker.cjs')

const open = () =>
  new Promise((resolve, reject) => {
    const socket = net.connect(mode === 'away' ? ports.deaf : ports.redis, '127.0.0.1')
    socket.once('error', reject)
    // A hand-shake: the first answer makes it ready.
    socket.write('*1\r\n$4\r\nPING\r\n')
    socket.once('data', () => resolve(socket))
  })
const lines = createPool({ create: open, destroy: async (socket) => void socket.destroy() }, { max: 2 })

// As a module for others keeps it.
module.exports = { lines }

function ask(socket, key) {
  return new Promise((resolve) => {
    socket.write(`*2\r\n$3\r\nGET\r\n$${key.length}\r\n${key}\r\n`)
    socket.once('data', resolve)
  })
}

async function readGauge() {
  const socket = await lines.acquire()
  try {
    return await ask(socket, mode)
  } finally {
    await lines.release(socket)
  }
}

async function resetGauge(n) {
  const socket = await lines.acquire()
  const answer = await ask(socket, 'quick')
  if (n % 2 === 0) return answer
  await lines.release(socket)
}

poll(async (n) => {
  if (mode === 'leak') return resetGauge(n)
  await readGauge()
  if (mode === 'idle') await pause(4_000)
})
