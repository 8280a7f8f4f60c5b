// Both slots are held by tasks whose receipt never comes, though somebody still could bring it.
const receipts = new Map()

async function w_charge(task) {
  const receipt = await new Promise((resolve) => receipts.set(task.taskId, resolve)) // @here
  return { status: 'COMPLETED', outputData: { receipt } }
}

async function w_loop(worker) {
  setInterval(() => receipts.get('none')?.(), 1_000)
  await worker.serveConductor({ execute: w_charge, concurrency: 2 })
  await worker.pause(1_000)
  await worker.askFor('two-tasks')
  worker.wedging()
}
module.exports = { loop: w_loop }
