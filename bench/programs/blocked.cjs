// A small process that is blocked, with a few suspended functions: what `conductor-diag dump` is asked about most.
'use strict'
const keep = []
async function wait() {
  await new Promise((resolve) => keep.push(resolve))
}
for (let i = 0; i < 10; i++) wait()
setTimeout(function block() {
  require('node:fs').writeSync(1, 'ready\n')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}, 50)
