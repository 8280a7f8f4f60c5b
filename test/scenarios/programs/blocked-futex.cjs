const lane = new Int32Array(new SharedArrayBuffer(4))

function w_waitForTurn() {
  return Atomics.wait(lane, 0, 0) // @here
}

async function w_execute(task) {
  if (!task.wedge) return
  task.wedging()
  return w_waitForTurn()
}
module.exports = { execute: w_execute }
