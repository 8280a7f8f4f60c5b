// A worker that beats, and after a while wedges itself in a random way. Under the preload, for soak/workers.mjs.
'use strict'
const { execFileSync, execSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { heartbeat } = require('../../dist/api.js')

const WEDGES = {
  loop() {
    for (let i = 0; ; i++) if (i < 0) return
  },
  exec: () => execSync('sleep 600'),
  fifo() {
    const fifo = path.join(process.env.SOAK_FOLDER, `fifo-${process.pid}`)
    execFileSync('mkfifo', [fifo])
    fs.readFileSync(fifo)
  },
  atomics: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
  await: () => new Promise((resolve) => held.push(resolve)),
}
const held = []
const names = Object.keys(WEDGES)
const wedge = names[Math.floor(Math.random() * names.length)]
const afterMs = 5000 + Math.random() * Number(process.env.SOAK_SPREAD_MS)

async function poll() {
  const beat = heartbeat('soak')
  const end = performance.now() + afterMs
  for (;;) {
    beat()
    await new Promise((resolve) => setTimeout(resolve, 100))
    if (performance.now() > end) await WEDGES[wedge]()
  }
}
process.on('SIGTERM', () => process.exit(0))
poll()
