'use strict'
const { isOver } = require('./over.cjs')
const cell = new Int32Array(new SharedArrayBuffer(4))
let sink = 0

function step(value, index) {
  return (value * 33 + index) | 0
}
function compute(seed) {
  let sum = seed
  for (let index = 0; index < 4_000_000; index++) sum = step(sum, index)
  return sum
}
function rest() {
  Atomics.wait(cell, 0, 0, 5)
}
function turn() {
  sink = compute(sink)
  rest()
  if (!isOver()) setTimeout(turn, 5)
}
turn()
