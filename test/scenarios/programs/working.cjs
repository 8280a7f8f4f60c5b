// Works for ever; what becomes of it is done from outside.
async function w_execute(task) {
  let sum = 0
  for (let i = 0; i < 200_000; i++) sum += Math.sqrt(i)
  if (task.n === task.wedgeAt) task.wedging()
  return sum
}
module.exports = { execute: w_execute }
