// Runs JavaScript and never returns to its event loop.
'use strict'
let sum = 0
function compute(times) {
  for (let index = 0; index < times; index++) sum = (sum * 33 + index) | 0
}
setTimeout(function handle() {
  require('node:fs').writeSync(1, 'ready\n')
  for (;;) compute(1e5)
}, 50)
