// Reads another process's awaits twice, as the command line would, and says what that took. argv: pid.
import { createRequire } from 'node:module'
import path from 'node:path'

const require = createRequire(import.meta.url)
const built = (file) => require(path.resolve(import.meta.dirname, '../../build', file))
const { openMemoryTarget } = built('capture/memory-target.js')
const { readAwaitTree } = built('awaits/read-awaits.js')

const pid = Number(process.argv[2])
const memory = openMemoryTarget({ pid, startTicks: null, procRoot: `/proc/${pid}`, inside: false })
const native = memory.native()
const cache = new Map()
function look() {
  const costs = []
  const started = performance.now()
  const tree = readAwaitTree(memory.heap, {
    natives: native,
    tidOf: () => null,
    uptimeMs: () => null,
    deadlineMs: performance.now() + 300_000,
    cache,
    keepBytes: 64 << 20,
    onCost: (scan, waits) => costs.push({ ...scan, waits }),
  })
  const ms = performance.now() - started
  const cost = costs.sort((a, b) => b.heapBytes - a.heapBytes)[0]
  const waitsMs = cost.waits === null ? 0 : cost.waits.forwardMs + cost.waits.reverseMs + cost.waits.rootsMs
  const scanMs = cost.mapsMs + cost.pickMs + cost.objectsMs
  memory.refresh()
  return {
    ms,
    scanMs,
    waitsMs,
    linksMs: cost.linksMs,
    heapMb: cost.heapBytes / 1e6,
    suspended: tree.suspended,
    cpuMs: process.cpuUsage().user / 1000,
  }
}
const before = process.memoryUsage.rss()
const first = look()
const repeat = look()
if (process.env.COST) console.error(JSON.stringify(first), JSON.stringify(repeat))
console.log(
  JSON.stringify({
    first,
    repeat,
    addedMb: (process.resourceUsage().maxRSS * 1024 - before) / 1e6,
    rssMb: process.resourceUsage().maxRSS / 1000,
  }),
)
memory.dispose()
