// The pattern has been used before, so that V8 has compiled it to machine code.
const SHAPE = /^(([a-z0-9])+\.?)+@/

function w_validateAddress(text) {
  return SHAPE.test(text) // @here
}

async function w_execute(task) {
  for (let n = 0; n < 20; n++) w_validateAddress(`anna${n}@example.org`)
  if (!task.wedge) return
  task.wedging()
  return w_validateAddress('a'.repeat(60) + '!')
}
module.exports = { execute: w_execute }
