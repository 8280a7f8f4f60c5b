// Waits until a client is connected, for an hour at most: the timer can only fail the wait.
class Line {
  status = 'connecting'
  waiting = []
  whenReady() {
    if (this.status === 'ready') return Promise.resolve()
    return new Promise((resolve, reject) => {
      const settle = (error) => (error ? reject(error) : resolve())
      const timer = setTimeout(() => {
        this.waiting = this.waiting.filter((each) => each.settle !== settle)
        settle(new Error('not connected in time'))
      }, 3_600_000)
      this.waiting.push({ settle, timer })
    })
  }
}
const lines = { up: new Line(), away: new Line() }
lines.up.status = 'ready'

async function w_publish(line) {
  await line.whenReady() // @here
}

async function w_execute(task) {
  if (task.wedge) task.wedging()
  await w_publish(task.wedge ? lines.away : lines.up)
}
module.exports = { execute: w_execute }
