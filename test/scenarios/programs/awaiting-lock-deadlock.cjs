class Mutex {
  locked = false
  waiters = []
  async acquire() {
    if (this.locked) await new Promise((resolve) => this.waiters.push(resolve))
    this.locked = true
    return () => this.release()
  }
  release() {
    const next = this.waiters.shift()
    if (next) next()
    else this.locked = false
  }
}

const accounts = new Mutex()
const costMeter = new Mutex()
const pause = () => new Promise((resolve) => setTimeout(resolve, 40))

async function w_transfer() {
  const one = await accounts.acquire()
  await pause()
  const two = await costMeter.acquire() // @here
  two()
  one()
}

async function w_audit() {
  const one = await costMeter.acquire()
  await pause()
  const two = await accounts.acquire() // @here
  two()
  one()
}

async function w_execute(task) {
  if (!task.wedge) return w_transfer()
  task.wedging()
  await Promise.all([w_transfer(), w_audit()])
}
module.exports = { execute: w_execute }
