'use strict'
const { isOver } = require('./over.cjs')
const list = Array.from({ length: 200 }, (_, index) => (index * 7919) % 200)
const text = 'a b c d e f g h i j k l m n o p'
const json = JSON.stringify(list)
let sink = 0

function burn(value) {
  let sum = value
  for (let index = 0; index < 60; index++) sum = (sum * 33 + index) | 0
  return sum
}
function sorting() {
  return [...list].sort(function compare(a, b) {
    return a - b
  })[0]
}
function mapping() {
  return list.map(function each(value) {
    return burn(value)
  })[0]
}
function replacing() {
  return text.replace(/[a-p]/g, function replacer(letter) {
    return String(burn(letter.charCodeAt(0)))
  }).length
}
function parsing() {
  return JSON.parse(json, function revive(key, value) {
    return key === '' ? value : burn(value)
  })[0]
}
function main() {
  while (!isOver()) sink = (sink + sorting() + mapping() + replacing() + parsing()) | 0
}
setTimeout(main, 50)
