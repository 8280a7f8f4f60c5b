// A module whose top level waits for something that takes its time and comes.
const { writeFileSync } = require('node:fs')
const path = require('node:path')
const { pathToFileURL } = require('node:url')

const SLOW = `import { setTimeout as pause } from 'node:timers/promises'
await pause(1_500)
export const rates = 1
`

async function w_loop(worker) {
  for (let n = 0; ; n++) {
    worker.beat()
    const task = await worker.poll()
    const file = path.join(process.env.FOLDER, `rates-${n}.mjs`)
    writeFileSync(file, SLOW)
    if (task.n === 2) task.wedging()
    await import(pathToFileURL(file).href)
  }
}
module.exports = { loop: w_loop }
