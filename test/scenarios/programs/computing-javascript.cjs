// Tens of thousands of timers that are due at once: one turn of the loop runs them all, and no frame stays.
function w_price(row) { // @here
  let sum = 0
  for (let i = 0; i < 900_000; i++) sum += Math.sqrt(row + i) // @here
  return sum
}

function w_tax(row) { // @here
  let sum = 0
  for (let i = 0; i < 400_000; i++) sum += Math.cbrt(row + i) // @here
  return sum
}

async function w_execute(task) {
  if (!task.wedge) return
  task.wedging()
  const until = Date.now() + 40
  for (let row = 0; row < 60_000; row++) {
    setTimeout(w_price, 20, row)
    setTimeout(w_tax, 20, row)
  }
  while (Date.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 25))
}
module.exports = { execute: w_execute }
