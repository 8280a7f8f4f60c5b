// The loop of this worker runs three tasks at once and waits for a free slot before it polls.
class Slots {
  constructor(free) {
    this.free = free
    this.queue = []
  }
  async take() {
    if (this.free > 0) {
      this.free--
      return
    }
    await new Promise((resolve) => this.queue.push(resolve))
  }
  give() {
    const next = this.queue.shift()
    if (next) next()
    else this.free++
  }
}

const slots = new Slots(3)

async function w_ship(task) {
  const response = await fetch(`${task.base}/${task.wedge ? 'hang' : 'ok'}/ship/${task.id}`) // @here
  return response.text()
}

async function w_runTask(task) {
  try {
    await w_ship(task)
  } finally {
    slots.give()
  }
}

async function w_pollLoop(worker) {
  for (;;) {
    worker.beat()
    await slots.take()
    const task = await worker.poll()
    void w_runTask(task)
    if (task.n === task.wedgeAt + 2) task.wedging()
  }
}
module.exports = { loop: w_pollLoop }
