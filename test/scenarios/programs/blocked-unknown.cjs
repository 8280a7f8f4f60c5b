// A native addon whose library waits for a device while it is being loaded.
const path = require('node:path')

function w_loadScanner(folder) {
  return require(path.join(folder, 'scanner.node')) // @here
}

async function w_execute(task) {
  if (!task.wedge) return
  task.wedging()
  return w_loadScanner(task.folder)
}
module.exports = { execute: w_execute }
