// Listens to an interface that has been closed meanwhile: its last line was emitted before.
const { createInterface } = require('node:readline')
const { Readable } = require('node:stream')
const { once } = require('node:events')

const open = new Set()

async function w_countLines(late) {
  const lines = createInterface({ input: Readable.from(['a\n', 'b\n']) })
  open.add(lines)
  if (late) await once(lines, 'close')
  let count = 0
  for await (const line of lines) count += line.length // @here
  return count
}

async function w_execute(task) {
  if (task.wedge) task.wedging()
  await w_countLines(task.wedge)
}
module.exports = { execute: w_execute }
