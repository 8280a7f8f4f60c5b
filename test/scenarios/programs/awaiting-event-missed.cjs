// Waits for an event that the object has emitted before anybody listened.
const { EventEmitter, once } = require('node:events')

class Scan extends EventEmitter {
  found = []
  start(late) {
    const finish = () => this.emit('scanned', this.found)
    if (late) finish()
    else setTimeout(finish, 20)
    return this
  }
}
const scans = new Map()

async function w_scanShelf(id, late) {
  const scan = new Scan().start(late)
  scans.set(id, scan)
  const [found] = await once(scan, 'scanned') // @here
  return found
}

async function w_execute(task) {
  if (task.wedge) task.wedging()
  await w_scanShelf(task.n, task.wedge)
}
module.exports = { execute: w_execute }
