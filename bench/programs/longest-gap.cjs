// Spins for a second and says the longest time between two looks at the clock: how long something kept it from running.
'use strict'
console.log('ready')
let longest = 0
let last = performance.now()
const end = last + 1000
while (last < end) {
  const now = performance.now()
  if (now - last > longest) longest = now - last
  last = now
}
console.log(longest)
