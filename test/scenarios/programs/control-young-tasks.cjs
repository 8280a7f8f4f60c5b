// Two slots, full of tasks that take three seconds each: work, not a stall.
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

let free = 2
const queue = []

async function w_takeSlot() {
  if (free > 0) free--
  else await new Promise((resolve) => queue.push(resolve))
}

async function w_pack(task) {
  await pause(3_000)
  if (task.n === 2) task.wedging()
  const next = queue.shift()
  if (next) next()
  else free++
}

async function w_loop(worker) {
  for (;;) {
    worker.beat()
    await w_takeSlot()
    void w_pack(await worker.poll())
  }
}
module.exports = { loop: w_loop }
