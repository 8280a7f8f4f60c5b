// Much to compute, and still moving: a task takes 20 ms of CPU, and the loop turns after each.
async function w_execute(task) {
  const until = Date.now() + 20
  let sum = 0
  while (Date.now() < until) sum += Math.sqrt(sum + 1)
  if (task.n === task.wedgeAt) task.wedging()
  return sum
}
module.exports = { execute: w_execute }
