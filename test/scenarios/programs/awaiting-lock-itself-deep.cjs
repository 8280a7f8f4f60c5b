// A lock in a variable of its module, with a queue that is a list of a hundred: who holds it wants it once more.
const gate = {
  held: false,
  first: null,
  last: null,
  async enter() {
    if (this.held) {
      await new Promise((resolve) => {
        const entry = { resolve, next: null }
        if (this.last === null) this.first = entry
        else this.last.next = entry
        this.last = entry
      })
    }
    this.held = true
  },
  leave() {
    const entry = this.first
    this.first = entry?.next ?? null
    if (this.first === null) this.last = null
    if (entry) entry.resolve()
    else this.held = false
  },
}
const pause = () => new Promise((resolve) => setTimeout(resolve, 1))

async function w_verifyRow(row) {
  await gate.enter() // @here
  await pause()
  gate.leave()
  return row
}
async function w_writeRow(row, verify) {
  await gate.enter() // @here
  try {
    await pause()
    if (verify) await w_verifyRow(row)
  } finally {
    gate.leave()
  }
}

async function w_execute(task) {
  if (task.wedge) task.wedging()
  await Promise.all(Array.from({ length: task.wedge ? 100 : 3 }, (_, row) => w_writeRow(row, task.wedge && row === 0)))
}
module.exports = { execute: w_execute }
