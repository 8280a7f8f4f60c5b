// ns per beat, net of the loop around it. Rounds take turns; the best of each is the least disturbed.
'use strict'
const { heartbeat } = require('conductor-stall-agent/api')
// Many short calls: one endless loop stays in a lower tier of the compiler on some lines.
const N = 100_000
const CALLS = 100

function empty(n) {
  let x = 0
  for (let i = 0; i < n; i++) x = (x + i) | 0
  return x
}

function beating(n, beat) {
  let x = 0
  for (let i = 0; i < n; i++) {
    beat()
    x = (x + i) | 0
  }
  return x
}

/** CPU time, not wall time: what other processes take of this machine is not ours. */
function nsPer(run) {
  const start = process.cpuUsage()
  for (let i = 0; i < CALLS; i++) run()
  const { user, system } = process.cpuUsage(start)
  return ((user + system) * 1000) / (N * CALLS)
}

const beat = heartbeat('bench', { endless: false })
const loops = []
const beats = []
for (let i = 0; i < 20; i++) {
  loops.push(nsPer(() => empty(N)))
  beats.push(nsPer(() => beating(N, beat)))
}
const net = Math.min(...beats) - Math.min(...loops)
const pairs = beats.map((ns, i) => ns - loops[i]).sort((a, b) => a - b)
process.stdout.write(JSON.stringify({ net, medianNet: pairs[pairs.length >> 1] }))
process.exit()
