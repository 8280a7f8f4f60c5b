const { Worker } = require('node:worker_threads')

function w_inspectTask(task) {
  debugger // @here
  return task.id
}

/** A debugging session that somebody left attached. */
function attach() {
  const source = `
    const { Session } = require('node:inspector')
    const { parentPort } = require('node:worker_threads')
    const session = new Session()
    session.connectToMainThread()
    session.post('Debugger.enable', () => parentPort.postMessage('attached'))
    setInterval(() => {}, 1000)`
  return new Promise((resolve) => new Worker(source, { eval: true }).once('message', resolve))
}

async function w_execute(task) {
  if (!task.wedge) return
  await attach()
  task.wedging()
  return w_inspectTask(task)
}
module.exports = { execute: w_execute }
