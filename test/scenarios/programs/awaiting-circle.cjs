// A promise that is kept for all who ask, and asked for inside what it waits for; and a chain of promises used as a lock.
const pause = () => new Promise((resolve) => setTimeout(resolve, 10))

class Serial {
  #tail = Promise.resolve()
  run(work) {
    const result = this.#tail.then(work)
    this.#tail = result.catch(() => {})
    return result
  }
}
const writes = new Serial()

async function w_append(line) {
  return writes.run(() => pause().then(() => line))
}
async function w_rotate(again) {
  return writes.run(async () => {
    await pause()
    if (again) await w_append('rotated')
  })
}

let settings = null
async function w_loadPlugin(again) {
  await pause()
  return again ? await settings : 'plain' // @here
}
async function w_loadSettings(again) {
  await pause()
  return await w_loadPlugin(again) // @here
}

async function w_execute(task) {
  if (task.wedge) task.wedging()
  await w_rotate(false)
  void w_rotate(task.wedge)
  settings = w_loadSettings(task.wedge)
  await settings
}
module.exports = { execute: w_execute }
