const { EventEmitter, once } = require('node:events')

const bus = new EventEmitter()

async function w_waitForConfig() {
  const [config] = await once(bus, 'reloaded') // @here
  return config
}

async function w_execute(task) {
  if (!task.wedge) return
  task.wedging()
  return await w_waitForConfig()
}
module.exports = { execute: w_execute }
