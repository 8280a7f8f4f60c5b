// Who reads wants to write as well, and holds what the writer waits for: a function that gives the turn back.
class Shelf {
  #readers = 0
  #writing = false
  #queue = []
  read() {
    if (!this.#writing && this.#queue.length === 0) {
      this.#readers++
      return Promise.resolve(() => this.#leave(false))
    }
    return new Promise((resolve) => this.#queue.push({ write: false, resolve }))
  }
  write() {
    if (!this.#writing && this.#readers === 0) {
      this.#writing = true
      return Promise.resolve(() => this.#leave(true))
    }
    return new Promise((resolve) => this.#queue.push({ write: true, resolve }))
  }
  #leave(write) {
    if (write) this.#writing = false
    else this.#readers--
    const first = this.#queue[0]
    if (first === undefined || this.#writing || (first.write && this.#readers > 0)) return
    this.#queue.shift()
    if (first.write) this.#writing = true
    else this.#readers++
    first.resolve(() => this.#leave(first.write))
  }
}
const shelf = new Shelf()
const pause = () => new Promise((resolve) => setTimeout(resolve, 20))

async function w_setPrice(item) {
  const leave = await shelf.write() // @here
  await pause()
  leave()
  return item
}
async function w_reprice(item, write) {
  const leave = await shelf.read()
  try {
    await pause()
    return write ? await w_setPrice(item) : item
  } finally {
    leave()
  }
}

async function w_execute(task) {
  if (task.wedge) task.wedging()
  await w_reprice(1, task.wedge)
  await w_setPrice(1)
}
module.exports = { execute: w_execute }
