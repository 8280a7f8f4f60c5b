// A report that is due in a year: the timer fires at once, again and again, and works each time.
const rows = Array.from({ length: 4_000 }, (_, n) => ({ shop: n % 17, sum: n * 3.5 }))

function w_makeReport() {
  const sums = new Map()
  for (let round = 0; round < 40; round++)
    for (const { shop, sum } of rows) sums.set(`shop-${shop}`, (sums.get(`shop-${shop}`) ?? 0) + sum)
  return sums
}

function w_reportEvery(ms) {
  setTimeout(() => {
    w_makeReport()
    w_reportEvery(ms)
  }, ms)
}

async function w_loop(worker) {
  for (;;) {
    worker.beat()
    const task = await worker.poll()
    if (task.n === 6) {
      process.on('warning', () => {})
      w_reportEvery(365 * 86_400_000)
      task.wedging()
    }
  }
}
module.exports = { loop: w_loop }
