// The same circle, and something outside that ends it: a time-out by hand, and one of a race.
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

function within(promise, ms) {
  return new Promise((resolve) => {
    promise.then(resolve, resolve)
    setTimeout(resolve, ms)
  })
}

async function w_once(limit) {
  let settings = null
  const loadPlugin = async () => {
    await pause(10)
    return await settings
  }
  const load = async () => {
    await pause(10)
    return await limit(loadPlugin())
  }
  settings = load()
  return await settings
}

async function w_loop(worker) {
  for (;;) {
    worker.beat()
    const task = await worker.poll()
    if (task.n === 2) task.wedging()
    await w_once((promise) => within(promise, 1_200))
    await w_once((promise) => Promise.race([promise, pause(1_200)]))
  }
}
module.exports = { loop: w_loop }
