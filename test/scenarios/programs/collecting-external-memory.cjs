// A large heap is marked again and again, because buffers outside of it come and go faster than anything.
const index = []
const images = []

function w_receive(size) {
  for (;;) {
    const image = Buffer.allocUnsafeSlow(size) // @here
    images.push(image) // @here
    if (images.length > 90) images.shift() // @here
  }
}

async function w_execute(task) {
  if (!task.wedge) return
  for (let i = 0; i < 3_000_000; i++) index.push({ i, next: index[i >> 1] })
  task.wedging()
  return w_receive(8 * 1024 * 1024)
}
module.exports = { execute: w_execute }
