// A lock that is not re-entrant, taken again inside what it guards.
class Gate {
  #waiting = []
  #busy = false
  async during(work) {
    if (this.#busy) await new Promise((resolve) => this.#waiting.push(resolve))
    this.#busy = true
    try {
      return await work()
    } finally {
      this.#busy = false
      this.#waiting.shift()?.()
    }
  }
}
const books = new Gate()

async function w_settle(depth) {
  if (depth === 0) return 0
  return 1 + (await books.during(() => w_settle(depth - 1))) // @here
}

async function w_execute(task) {
  if (task.wedge) task.wedging()
  await w_settle(task.wedge ? 2 : 1)
}
module.exports = { execute: w_execute }
