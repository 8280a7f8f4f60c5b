function w_cloneAll(orders) {
  let size = 0
  for (;;) {
    size += JSON.stringify(orders).length // @here
  }
}

async function w_execute(task) {
  if (!task.wedge) return
  const orders = Array.from({ length: 200_000 }, (_, id) => ({
    id,
    name: `customer ${id}`,
    tags: ['a', 'b'],
    total: id * 3,
  }))
  task.wedging()
  return w_cloneAll(orders)
}
module.exports = { execute: w_execute }
