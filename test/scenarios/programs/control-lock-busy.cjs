// Locks that are held by slow work: two keys of one table, and two locks of one object that others want in either order.
class KeyedLock {
  waiting = new Map()
  async acquire(key) {
    const queue = this.waiting.get(key)
    if (queue) await new Promise((resolve) => queue.push(resolve))
    else this.waiting.set(key, [])
    return () => this.release(key)
  }
  release(key) {
    const next = this.waiting.get(key).shift()
    if (next) next()
    else this.waiting.delete(key)
  }
}
class Mutex {
  waiters = []
  held = false
  acquire() {
    if (this.held) return new Promise((resolve) => this.waiters.push(resolve))
    this.held = true
    return Promise.resolve()
  }
  release() {
    const next = this.waiters.shift()
    if (next) next()
    else this.held = false
  }
}
const { execFile } = require('node:child_process')
/** Work that no timer of this process ends, and that outlasts the look: behind it the two that want both locks do deadlock. */
const slowWork = (seconds) => new Promise((resolve) => execFile('sleep', [String(seconds)], resolve))
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const keys = new KeyedLock()

async function w_write(key, seconds) {
  const release = await keys.acquire(key)
  try {
    await slowWork(seconds)
  } finally {
    release()
  }
}

class Bank {
  cash = new Mutex()
  ledger = new Mutex()
  async count(lock, seconds) {
    await lock.acquire()
    await slowWork(seconds)
    lock.release()
  }
  async w_pay() {
    await this.cash.acquire()
    await this.ledger.acquire()
    this.ledger.release()
    this.cash.release()
  }
  async w_book() {
    await this.ledger.acquire()
    await this.cash.acquire()
    this.cash.release()
    this.ledger.release()
  }
}

async function w_loop(worker) {
  for (;;) {
    worker.beat()
    const task = await worker.poll()
    if (task.n === 2) {
      const bank = new Bank()
      void Promise.all([w_write('a', 30), w_write('b', 30), w_write('a', 0), w_write('b', 0)])
      void Promise.all([bank.count(bank.cash, 30), bank.count(bank.ledger, 30), bank.w_pay(), bank.w_book()])
      task.wedging()
    }
    await pause(200)
  }
}
module.exports = { loop: w_loop }
