// A limiter whose queue is a linked list: as those of packages are.
class Lane {
  head = null
  tail = null
  running = 0
  constructor(most) {
    this.most = most
  }
  run(work) {
    return new Promise((resolve, reject) => {
      const entry = { work, resolve, reject, next: null }
      if (this.tail === null) this.head = entry
      else this.tail.next = entry
      this.tail = entry
      this.go()
    })
  }
  go() {
    while (this.running < this.most && this.head !== null) {
      const entry = this.head
      this.head = entry.next
      if (this.head === null) this.tail = null
      this.running++
      entry
        .work()
        .then(entry.resolve, entry.reject)
        .finally(() => {
          this.running--
          this.go()
        })
    }
  }
}
const lane = new Lane(2)

async function w_settle(depth) {
  await new Promise((resolve) => setTimeout(resolve, 5))
  if (depth === 0) return 0
  return 1 + (await lane.run(() => w_settle(depth - 1))) // @here
}

async function w_execute(task) {
  if (task.wedge) task.wedging()
  await w_settle(task.wedge ? 3 : 1)
}
module.exports = { execute: w_execute }
