// Everything hot is inlined into `loop`, which calls nothing for milliseconds. What `prepare` and `digest` left on the
// stack before stays there, dead.
'use strict'
const { isOver } = require('./over.cjs')
let sink = 0

function digest(value) {
  const text = String(value)
  for (let at = 0; at < text.length; at++) sink = (sink * 31 + text.charCodeAt(at)) | 0
  return sink
}
function prepare(round) {
  return digest(round) + digest(round + 1)
}
function small(value) {
  return (value * 2654435761) ^ (value >>> 3)
}
function middle(value) {
  return small(value) + small(value + 1)
}
function loop(seed) {
  let sum = seed
  for (let index = 0; index < 20_000_000; index++) sum = (sum + middle(index)) | 0
  return sum
}
function main() {
  for (let round = 0; !isOver(); round++) sink = (sink + prepare(round) + loop(round)) | 0
}
setTimeout(main, 50)
