// A cache that holds nearly all that the heap may hold, and whose entries are replaced without end.
const { getHeapStatistics, setFlagsFromString } = require('node:v8')

// Where the heap is large, V8 takes minutes over its last collections; here it would give up in one second.
setFlagsFromString('--no-detect-ineffective-gcs-near-heap-limit')

/** Of the 96 MB that --max-old-space-size gives it. */
const FULL_BYTES = 79 * 1024 * 1024
const cache = []

function w_entry(id) {
  return { id, name: `entry ${id}`, tags: [id, id + 1, id + 2], next: cache[(id * 7919) % (cache.length + 1)]?.id } // @here
}

function w_refresh() {
  for (let id = 0; ; id++) {
    cache[(id * 104_729) % cache.length] = w_entry(id) // @here
  }
}

async function w_execute(task) {
  if (!task.wedge) return
  while (getHeapStatistics().used_heap_size < FULL_BYTES) {
    for (let i = 0; i < 1_000; i++) cache.push(w_entry(cache.length))
    if (cache.length % 20_000 === 0) globalThis.gc()
    await task.prepares()
  }
  task.wedging()
  return w_refresh()
}
module.exports = { execute: w_execute }
