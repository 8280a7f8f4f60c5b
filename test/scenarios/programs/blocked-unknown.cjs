// A worker that was deployed with the call that waits for a debugger to connect.
const inspector = require('node:inspector')

function w_prepareProfiling() {
  inspector.open(0, '127.0.0.1')
  inspector.waitForDebugger() // @here
}

async function w_execute(task) {
  if (!task.wedge) return
  task.wedging()
  return w_prepareProfiling()
}
module.exports = { execute: w_execute }
