const SHAPE = /^(([a-z0-9])+\.?)+@/

function w_validateAddress(text) {
  return SHAPE.test(text) // @here
}

async function w_execute(task) {
  if (!task.wedge) return
  task.wedging()
  return w_validateAddress('a'.repeat(60) + '!')
}
module.exports = { execute: w_execute }
