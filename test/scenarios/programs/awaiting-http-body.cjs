async function w_readReport(base) {
  const response = await fetch(`${base}/half/report`)
  return await response.text() // @here
}

async function w_execute(task) {
  if (!task.wedge) return
  task.wedging()
  const text = await w_readReport(task.base)
  return text.length
}
module.exports = { execute: w_execute }
