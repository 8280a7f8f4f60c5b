// Keeps nearly all that the heap may hold, and goes on allocating in the little that is left.
const kept = []

function w_index(rows) {
  const v8 = require('node:v8')
  const limit = v8.getHeapStatistics().heap_size_limit
  let row = 0
  while (v8.getHeapStatistics().used_heap_size < limit * 0.9) {
    for (let i = 0; i < 2_000; i++) kept.push({ row: row++, key: `key ${row}`, tags: [row, row + 1] })
  }
  rows.wedging()
  for (;;) {
    const spare = []
    for (let i = 0; i < 3_000; i++) spare.push({ row: i, key: `spare ${i}`, next: kept[i] }) // @here
    kept[row++ % kept.length] = { row, key: spare[row % spare.length].key, tags: spare.slice(0, 20) } // @here
    if (row % 8 === 0) kept[(row * 7919) % kept.length] = null // @here
  }
}

async function w_execute(task) {
  if (!task.wedge) return
  return w_index(task)
}
module.exports = { execute: w_execute, flags: ['--max-old-space-size=96'] }
