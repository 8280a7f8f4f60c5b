// A limiter whose queue holds the functions that it starts itself, as those of p-queue; used inside one of its tasks by
// functions that are over by then, so that none of them is suspended.
class Lane {
  #waiting = []
  #free
  constructor(free) {
    this.#free = free
  }
  add(work) {
    return new Promise((resolve, reject) => {
      const run = async () => {
        this.#free--
        try {
          resolve(await work())
        } catch (error) {
          reject(error)
        }
        this.#free++
        this.#next()
      }
      this.#waiting.push(run)
      this.#next()
    })
  }
  #next() {
    if (this.#free > 0) this.#waiting.shift()?.()
  }
}
const lane = new Lane(2)
const pause = () => new Promise((resolve) => setTimeout(resolve, 20))

async function w_syncOrders(id) {
  return lane.add(() => pause().then(() => id))
}
async function w_syncCustomer(id, deep) {
  await pause()
  return deep ? w_syncOrders(id) : id
}
async function w_syncAll(ids, deep) {
  return (await Promise.all(ids.map((id) => lane.add(() => w_syncCustomer(id, deep))))).length // @here
}

async function w_execute(task) {
  if (task.wedge) task.wedging()
  return await w_syncAll([1, 2, 3], task.wedge)
}
module.exports = { execute: w_execute }
