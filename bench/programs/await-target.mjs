// A worker with many suspended functions, a heap of a given size, and work that goes on beside it. argv: suspended, MB.
// Each line on stdin is answered by what was done so far.
import { EventEmitter, once } from 'node:events'
import { createInterface } from 'node:readline'

const [count, megabytes] = process.argv.slice(2).map(Number)
const live = (globalThis.live = { bus: new EventEmitter(), resolvers: [], registry: new Map(), ballast: [] })
live.bus.setMaxListeners(0)
const records = (megabytes * 1e6) / 180
for (let i = 0; i < records; i++) {
  live.ballast.push({
    id: i,
    name: `customer-${i}`,
    tags: [i, i + 1],
    parent: live.ballast[(i * 7919) % (i || 1)] ?? null,
  })
}
const kinds = [
  async function viaQueue() {
    await new Promise((resolve) => live.resolvers.push(resolve))
  },
  async function viaTimer() {
    await new Promise((resolve) => setTimeout(resolve, 3_600_000))
  },
  async function viaOnce() {
    await once(live.bus, 'never')
  },
  async function viaTable(i) {
    await new Promise((resolve) => live.registry.set(i, resolve))
  },
]
async function task(i) {
  await kinds[i % kinds.length](i)
}
for (let i = 0; i < count; i++) task(i)

let operations = 0
let longestGapMs = 0
let last = performance.now()
async function lane() {
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve))
    for (let k = 0; k < 200; k++) live.cache = { k, text: `item-${k}` }
    operations++
    const now = performance.now()
    longestGapMs = Math.max(longestGapMs, now - last)
    last = now
  }
}
lane()
createInterface({ input: process.stdin })
  .on('line', () => {
    console.log(JSON.stringify({ operations, longestGapMs, heapMb: process.memoryUsage().heapUsed / 1e6 }))
    longestGapMs = 0
  })
  .on('close', () => process.exit())
console.log('READY')
