// Buffers outside the heap come and go so fast that V8 collects without end.
const kept = []
const small = []

function w_copyImages(size) {
  for (;;) {
    const image = new Uint8Array(size) // @here
    image[0] = kept.length // @here
    kept.push(image) // @here
    if (kept.length > 40) kept.shift() // @here
  }
}

async function w_execute(task) {
  if (!task.wedge) return
  for (let i = 0; i < 700_000; i++) small.push({ i, next: small[i >> 1] })
  task.wedging()
  return w_copyImages(16 * 1024 * 1024)
}
module.exports = { execute: w_execute }
