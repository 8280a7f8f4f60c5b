async function w_loadStock(base) {
  const response = await fetch(`${base}/ok/stock`) // @here
  return response.text()
}

async function w_execute(task) {
  const text = task.wedge ? null : await w_loadStock(task.far)
  if (text !== null) return text
  // From here on the runner lets nothing through to the server.
  await task.cutFar()
  task.wedging()
  return await w_loadStock(task.far)
}
module.exports = { execute: w_execute }
