async function w_fetchOrder(base, id) {
  const response = await fetch(`${base}/hang/orders/${id}`) // @here
  return response.json()
}

async function w_execute(task) {
  if (!task.wedge) return
  task.wedging()
  const order = await w_fetchOrder(task.base, 42)
  return order.total
}
module.exports = { execute: w_execute }
