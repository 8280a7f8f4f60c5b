// `spin` is called once a second or so: its loop is optimised while it runs, and its frame replaced. `setUp` has left
// frames below it.
'use strict'
const { isOver } = require('./over.cjs')
const vm = require('node:vm')
const SPIN = `(function spin(seed, mix) {
  let sum = seed
  for (let index = 0; index < 300_000_000; index++) sum = mix(sum, index)
  return sum
})`
let sink = 0

function fill(list) {
  for (let index = 0; index < 1000; index++) list.push(index * 3)
  return list
}
function setUp() {
  return fill([]).length
}
function mix(value, index) {
  return (value * 31 + index) | 0
}
function main() {
  // A new function each time, so that each starts cold.
  const spin = vm.runInThisContext(SPIN)
  sink = (sink + setUp() + spin(sink, mix)) | 0
  if (!isOver()) setImmediate(main)
}
main()
