const { setTimeout: delay } = require('node:timers/promises')

async function w_backOff(attempt) {
  await delay(1000 * 2 ** attempt) // @here
}

async function w_execute(task) {
  if (!task.wedge) return
  task.wedging()
  await w_backOff(12)
}
module.exports = { execute: w_execute }
