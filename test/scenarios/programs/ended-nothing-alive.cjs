// A listener of the third poll never returns, and nothing is alive that could make it: the process runs dry.
const fs = require('node:fs')

let polls = 0

async function w_countPolls() {
  polls++
  if (polls < 3) return
  fs.writeSync(2, 'WEDGED\n')
  await new Promise(() => {})
}

async function w_book(task) {
  return { status: 'COMPLETED', outputData: { id: task.taskId } }
}

async function w_loop(worker) {
  await worker.serveConductor({ execute: w_book, eventListeners: [{ onPollCompleted: w_countPolls }] })
}
module.exports = { loop: w_loop }
