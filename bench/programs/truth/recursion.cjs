'use strict'
const { isOver } = require('./over.cjs')
let sink = 0

function fib(n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2)
}
function depth(n) {
  return n === 0 ? 0 : depth(n - 1) + 1
}
function main() {
  while (!isOver()) sink = (sink + fib(26) + depth(200)) | 0
}
setTimeout(main, 50)
