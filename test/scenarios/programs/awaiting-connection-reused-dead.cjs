// The kept session to the server is dead, as behind a NAT that forgot it; new connections are answered.
async function w_book(task) {
  return { status: 'COMPLETED', outputData: { id: task.taskId } }
}

async function w_loop(worker) {
  await worker.serveConductor({ execute: w_book })
  await worker.pause(2_000)
  await worker.askFor('mute')
  worker.wedging()
}
module.exports = { loop: w_loop }
