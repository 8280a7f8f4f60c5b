'use strict'
const { isOver } = require('./over.cjs')
let sink = 0

function work(value) {
  let sum = value
  for (let index = 0; index < 200; index++) sum = (sum * 33 + index) | 0
  return sum
}
function* inner(count) {
  for (let index = 0; index < count; index++) yield work(index)
}
function* outer(count) {
  for (let index = 0; index < count; index++) yield* inner(20)
}
function drain() {
  for (const value of outer(50)) sink = (sink + value) | 0
}
function main() {
  while (!isOver()) drain()
}
setTimeout(main, 50)
