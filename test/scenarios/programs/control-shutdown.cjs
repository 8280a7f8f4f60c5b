// Told to end, it drains: no more polls, the last task is finished, connections are closed.
let draining = false
process.on('SIGTERM', () => (draining = true))

async function w_loop(worker) {
  while (!draining) {
    worker.beat()
    const task = await worker.poll()
    if (task?.n === task?.wedgeAt) process.kill(process.pid, 'SIGTERM')
  }
  require('node:fs').writeSync(2, 'WEDGED\n')
  for (let left = 20; left > 0; left--) await worker.pause(500)
}
module.exports = { loop: w_loop }
