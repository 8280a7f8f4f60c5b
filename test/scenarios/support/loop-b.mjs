// The same as an ES module with classes: a dispatcher between the loop and the task, four calls deeper.
import { createRequire } from 'node:module'
import worker from './worker-env.cjs'

const require = createRequire(import.meta.url)
const program = require(process.env.PROGRAM)

class w_Dispatcher {
  #handlers = new Map()
  handle(type, handler) {
    this.#handlers.set(type, handler)
  }
  async w_dispatch(task) {
    const handler = this.#handlers.get('default')
    return await this.#w_guarded(task, handler)
  }
  async #w_guarded(task, handler) {
    try {
      return await handler(task)
    } finally {
      this.last = task.id
    }
  }
}

const dispatcher = new w_Dispatcher()
dispatcher.handle('default', async function w_onTask(task) {
  const result = await program.execute(task)
  return { id: task.id, result }
})

async function w_serve(source) {
  while (source.open) {
    worker.beat()
    const task = await worker.poll()
    if (task) await dispatcher.w_dispatch(task)
  }
}

if (program.loop) await program.loop(worker)
else await w_serve({ open: true })
