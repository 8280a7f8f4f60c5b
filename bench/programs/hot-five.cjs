// Five functions that share the time as 48, 28, 18, 4 and 2, turn after turn. Each line on stdin is answered by the turns
// so far and the CPU time that they took; ends with its input, or after SECONDS.
'use strict'
const { createInterface } = require('node:readline')
const { runInThisContext } = require('node:vm')

let sink = 0
function spin(seed, times) {
  let sum = seed
  for (let index = 0; index < times; index++) sum = (sum * 33 + index) | 0
  return sum
}
// Copies of one function, so that none is inlined into another and each is optimized by itself.
const make = (name) => runInThisContext(`(function ${name}(seed, times) ${spin.toString().replace(/^[^{]*/, '')})`)
const SHARES = { alpha: 48, beta: 28, gamma: 18, delta: 4, epsilon: 2 }
const functions = Object.entries(SHARES).map(([name, share]) => ({ run: make(name), times: share * 2_000 }))

let turns = 0
function turn() {
  for (let count = 0; count < 5; count++) for (const { run, times } of functions) sink = run(sink, times)
  turns++
  setImmediate(turn)
}
createInterface({ input: process.stdin })
  .on('line', () => {
    const { user, system } = process.cpuUsage()
    console.log(JSON.stringify({ turns, cpuMs: (user + system) / 1000 }))
  })
  .on('close', () => process.exit())
if (process.env.SECONDS) setTimeout(() => process.exit(), Number(process.env.SECONDS) * 1000)
console.log('READY')
turn()
