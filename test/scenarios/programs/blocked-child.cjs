const { execSync } = require('node:child_process')

function w_convert(file) {
  return execSync(`exec sleep 1000 # ${file}`) // @here
}

async function w_execute(task) {
  if (!task.wedge) return
  task.wedging()
  return w_convert('in.tiff')
}
module.exports = { execute: w_execute }
