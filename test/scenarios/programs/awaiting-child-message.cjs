const { execFile } = require('node:child_process')
const { promisify } = require('node:util')

const run = promisify(execFile)

async function w_render(file) {
  const { stdout } = await run('sleep', ['1000', file].slice(0, 1)) // @here
  return stdout
}

async function w_execute(task) {
  if (!task.wedge) return
  task.wedging()
  return await w_render('page.html')
}
module.exports = { execute: w_execute }
