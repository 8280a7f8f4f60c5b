const fs = require('node:fs')
const path = require('node:path')
const { execFileSync } = require('node:child_process')

function w_readHeader(fd) {
  const header = Buffer.alloc(16)
  fs.readSync(fd, header, 0, 16, null) // @here
  return header
}

async function w_execute(task) {
  if (!task.wedge) return
  const fifo = path.join(task.folder, 'incoming.fifo')
  execFileSync('mkfifo', [fifo])
  const fd = fs.openSync(fifo, 'r+')
  task.wedging()
  return w_readHeader(fd)
}
module.exports = { execute: w_execute }
