function w_rebalance(queue) {
  let moved = 0
  while (queue.length > 0) { // @here
    queue.push(queue.shift()) // @here
    moved++ // @here
  }
  return moved
}

async function w_execute(task) {
  if (!task.wedge) return
  task.wedging()
  return w_rebalance([1, 2, 3])
}
module.exports = { execute: w_execute }
