// Nested use of a limiter with turns to spare, and a queue that is served: no deadlock, however it looks.
class Lane {
  #waiting = []
  #free
  constructor(free) {
    this.#free = free
  }
  async run(work) {
    if (this.#free === 0) await new Promise((resolve) => this.#waiting.push(resolve))
    else this.#free--
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }
}
const outer = new Lane(2)
const inner = new Lane(1)
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

async function w_pack() {
  return await outer.run(() => inner.run(() => pause(1_500)))
}

async function w_loop(worker) {
  for (;;) {
    worker.beat()
    const task = await worker.poll()
    if (task.n === 2) task.wedging()
    await Promise.race([Promise.all([w_pack(), w_pack(), w_pack()]), pause(1_000)])
  }
}
module.exports = { loop: w_loop }
