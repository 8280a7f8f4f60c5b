// Nothing reaches what would settle these tasks: the collector takes them away, and no await of theirs is left.
async function w_approve(task) { // @here
  const approved = await new Promise((resolve) => { // @here
    if (task.taskId === '') resolve(true)
  })
  return { status: 'COMPLETED', outputData: { approved } }
}

function w_makeGarbage() {
  const kept = []
  setInterval(() => {
    kept.push(Array.from({ length: 10_000 }, (_, i) => ({ i, text: `${i}` })))
    if (kept.length > 20) kept.length = 0
  }, 100)
}

async function w_loop(worker) {
  await worker.serveConductor({ execute: w_approve, concurrency: 2 })
  await worker.pause(1_000)
  await worker.askFor('two-tasks')
  setTimeout(w_makeGarbage, 1_000)
  worker.wedging()
}
module.exports = { loop: w_loop }
