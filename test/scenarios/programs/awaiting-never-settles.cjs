function approval(order) {
  return new Promise((resolve) => {
    if (order.total > 0) resolve(true)
    // Nobody thought of free orders.
  })
}

async function w_approve(order) {
  const approved = await approval(order) // @here
  return approved
}

async function w_execute(task) {
  if (!task.wedge) return w_approve({ total: 1 })
  task.wedging()
  return await w_approve({ total: 0 })
}
module.exports = { execute: w_execute }
