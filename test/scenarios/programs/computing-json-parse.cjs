function w_loadLedger(text) {
  for (;;) {
    const rows = JSON.parse(text) // @here
    if (rows.length === 0) return rows
  }
}

async function w_execute(task) {
  if (!task.wedge) return
  const text = JSON.stringify(
    Array.from({ length: 200_000 }, (_, id) => ({ id, name: `customer ${id}`, tags: ['a', 'b'] })),
  )
  task.wedging()
  return w_loadLedger(text)
}
module.exports = { execute: w_execute }
