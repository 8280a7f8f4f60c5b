const { Worker, isMainThread, parentPort } = require('node:worker_threads')

function w_hash(rounds) {
  let value = 1
  while (rounds !== 0) value = (value * 31 + rounds) | 0
  return value
}

if (!isMainThread && parentPort !== null) {
  parentPort.on('message', ({ id, rounds }) => parentPort.postMessage({ id, value: rounds === 0 ? 0 : w_hash(rounds) }))
}

const calls = new Map()
let thread
let last = 0

function call(rounds) {
  return new Promise((resolve) => {
    calls.set(++last, resolve)
    thread.postMessage({ id: last, rounds })
  })
}

async function w_sign(rounds) {
  const value = await call(rounds) // @here
  return value
}

async function w_execute(task) {
  if (thread === undefined) {
    thread = new Worker(__filename)
    thread.on('message', ({ id, value }) => calls.get(id)?.(value))
  }
  if (task.wedge) task.wedging()
  return await w_sign(task.wedge ? 3 : 0)
}
module.exports = { execute: w_execute }
