const { spawn } = require('node:child_process')
const { once } = require('node:events')

async function w_exportRows(rows) {
  const child = spawn(process.execPath, [
    '-e',
    `for (let i = 0; i < ${rows}; i++) require('node:fs').writeSync(1, 'row of the export of all orders;')`,
  ])
  if (rows < 100) child.stdout.resume()
  await once(child, 'exit') // @here
}

async function w_execute(task) {
  if (task.wedge) task.wedging()
  if (task.wedge) await w_exportRows(400_000)
}
module.exports = { execute: w_execute }
