// Asks a process that answers, over and over: its channel is open.
const { spawn } = require('node:child_process')
const { once } = require('node:events')

const CLERK = `
  process.on('message', (word) => setTimeout(() => process.connected && process.send(word), 300))
  process.on('disconnect', () => process.exit())
`
const clerk = spawn(process.execPath, ['-e', CLERK], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })

async function w_ask(word) {
  clerk.send(word)
  const [answer] = await once(clerk, 'message')
  return answer
}

async function w_loop(worker) {
  for (;;) {
    worker.beat()
    const task = await worker.poll()
    if (task.n === 2) task.wedging()
    await w_ask('price')
  }
}
module.exports = { loop: w_loop }
