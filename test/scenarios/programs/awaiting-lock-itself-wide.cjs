// A limiter of many functions over one scope, used inside itself.
function makeLane(free) {
  let waiting = []
  const next = () => {
    const first = waiting.shift()
    if (first === undefined) free++
    else first()
  }
  const take = () => (free > 0 ? (free--, Promise.resolve()) : new Promise((resolve) => waiting.push(resolve)))
  return {
    length: () => waiting.length,
    isIdle: () => waiting.length === 0,
    isFull: () => free === 0 && waiting.length > 0,
    first: () => waiting[0],
    last: () => waiting.at(-1),
    drop: () => (waiting = []),
    reverse: () => waiting.reverse(),
    oldest: (n) => waiting.slice(0, n),
    newest: (n) => waiting.slice(-n),
    has: (resolve) => waiting.includes(resolve),
    run: (work) => take().then(work).finally(next),
  }
}
const lane = makeLane(1)

async function w_bake(layers) {
  if (layers === 0) return 0
  return 1 + (await lane.run(() => w_bake(layers - 1))) // @here
}

async function w_execute(task) {
  if (task.wedge) task.wedging()
  await w_bake(task.wedge ? 2 : 1)
}
module.exports = { execute: w_execute }
