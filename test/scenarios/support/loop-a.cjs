// A plain poll loop, as CommonJS: poll, execute, again.
const path = require('node:path')
const worker = require('./worker-env.cjs')
const program = require(path.resolve(__dirname, process.env.PROGRAM))

async function w_pollLoop() {
  for (;;) {
    worker.beat()
    const task = await worker.poll()
    if (task !== null) await program.execute(task)
  }
}

void (program.loop ?? w_pollLoop)(worker)
