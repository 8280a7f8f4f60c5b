// A child that reads its stdin to the end, which nobody ends.
const { spawn } = require('node:child_process')

function run(text, end) {
  return new Promise((resolve, reject) => {
    const child = spawn('cat', { stdio: ['pipe', 'pipe', 'inherit'] })
    const chunks = []
    child.stdout.on('data', (chunk) => chunks.push(chunk))
    child.on('error', reject)
    child.on('close', () => resolve(Buffer.concat(chunks).toString()))
    child.stdin.write(text)
    if (end) child.stdin.end()
  })
}
async function w_convert(task) {
  const text = await run(`order ${task.n}`, !task.wedge) // @here
  return text.length
}

async function w_execute(task) {
  if (task.wedge) task.wedging()
  return await w_convert(task)
}
module.exports = { execute: w_execute }
