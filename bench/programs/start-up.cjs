// How long until the worker's own code goes on, and how much memory is resident when all has settled.
'use strict'
const { readFileSync } = require('node:fs')
const { begin } = require('./begin.cjs')
begin(process.argv[2])
// Since the process began: preload, this file, and starting the thread.
const readyMs = performance.now()
// The main thread's own share of that: what a busy machine can't distort as much.
const mainCpuMs = Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6
// A worker works: the first collections of garbage bring 4 MB of the binary's own pages in, whoever causes them.
const settleMs = Number(process.env.SETTLE_MS)
if (settleMs > 0) for (let i = 0; i < 100_000; i++) JSON.parse(JSON.stringify({ i, text: `task ${i}` }))
setTimeout(() => {
  const rssKb = Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1])
  process.stdout.write(JSON.stringify({ readyMs, mainCpuMs, rssMb: rssKb / 1024 }))
  process.exit()
}, settleMs)
