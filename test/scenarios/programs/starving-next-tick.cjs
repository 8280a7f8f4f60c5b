let tries = 0

function w_retry(done) {
  tries++
  if (tries < 0) return done()
  process.nextTick(w_retry, done) // @here
}

async function w_execute(task) {
  if (!task.wedge) return
  task.wedging()
  await new Promise((resolve) => w_retry(resolve))
}
module.exports = { execute: w_execute }
