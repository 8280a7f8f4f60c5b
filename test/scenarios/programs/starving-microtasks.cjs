const cache = new Map([['rates', 1]])

async function w_lookUp(key) {
  return cache.get(key) // @here
}

async function w_waitForRates() {
  while ((await w_lookUp('missing')) === undefined) cache.set('tries', (cache.get('tries') ?? 0) + 1) // @here
}

async function w_execute(task) {
  if (!task.wedge) return
  task.wedging()
  await w_waitForRates()
}
module.exports = { execute: w_execute }
