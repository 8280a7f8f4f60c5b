const fs = require('node:fs/promises')
const path = require('node:path')
const { execFileSync } = require('node:child_process')

async function w_openInbox(file) {
  const inbox = await fs.open(file, 'r') // @here
  return inbox
}

async function w_execute(task) {
  if (!task.wedge) return
  const fifo = path.join(task.folder, 'inbox.fifo')
  execFileSync('mkfifo', [fifo])
  task.wedging()
  return await w_openInbox(fifo)
}
module.exports = { execute: w_execute }
