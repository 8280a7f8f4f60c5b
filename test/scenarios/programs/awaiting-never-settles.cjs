const inFlight = new Map()

function approval(order) {
  return new Promise((resolve) => {
    if (order.total > 0) resolve(true)
    // Nobody thought of free orders.
  })
}

async function w_approve(order) {
  // Asked once for all who want to know.
  if (!inFlight.has(order.id)) inFlight.set(order.id, approval(order))
  const approved = await inFlight.get(order.id) // @here
  return approved
}

async function w_execute(task) {
  if (!task.wedge) return w_approve({ id: task.id, total: 1 })
  task.wedging()
  return await w_approve({ id: task.id, total: 0 })
}
module.exports = { execute: w_execute }
