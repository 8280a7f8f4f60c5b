const fs = require('node:fs')

function w_logLine(text) {
  fs.writeSync(1, text) // @here
}

async function w_execute(task) {
  if (!task.wedge) return
  task.wedging()
  const line = 'x'.repeat(8_000) + '\n'
  for (;;) w_logLine(line)
}
module.exports = { execute: w_execute }
