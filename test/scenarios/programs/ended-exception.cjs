// The logger throws, the loop ends with that, and somebody swallows it: the process goes on without polling.
process.on('unhandledRejection', () => {})

const logger = {
  error() {
    throw new Error('the log pipe is closed')
  },
}

async function w_book(task) {
  return { status: 'COMPLETED', outputData: { id: task.taskId } }
}

async function w_loop(worker) {
  await worker.serveConductor({ execute: w_book, logger })
  await worker.pause(1_500)
  await worker.askFor('unavailable')
  worker.wedging()
}
module.exports = { loop: w_loop }
