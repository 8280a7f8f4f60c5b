class Semaphore {
  #free
  #queue = []
  constructor(free) {
    this.#free = free
  }
  acquire() {
    if (this.#free > 0) {
      this.#free--
      return Promise.resolve()
    }
    return new Promise((resolve) => this.#queue.push(resolve))
  }
  release() {
    const next = this.#queue.shift()
    if (next) next()
    else this.#free++
  }
}

const connections = new Semaphore(6)

async function w_query(id) {
  await connections.acquire() // @here
  if (id % 2 === 0) throw new Error('bad id')
  connections.release()
}

async function w_execute(task) {
  for (let id = 0; id < 2; id++) {
    if (task.wedge && id === 0) task.wedging()
    try {
      await w_query(id)
    } catch {
      // The task is retried by the server.
    }
  }
}
module.exports = { execute: w_execute }
