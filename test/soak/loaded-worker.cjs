// A server under load, for soak/harm.mjs. `/work` computes and waits a little; `/stats` tells of itself since it was asked.
//   SOAK_CAPTURE_SECONDS   captures are forced as often
//   SOAK_BALLAST_MB        kept on the heap
//   SOAK_BEREFT            ends the agent's watch thread after 5 s
'use strict'
const { createHash } = require('node:crypto')
const http = require('node:http')
const { monitorEventLoopDelay } = require('node:perf_hooks')

const delay = monitorEventLoopDelay({ resolution: 10 })
delay.enable()
const ballast = Array.from({ length: Number(process.env.SOAK_BALLAST_MB ?? 0) * 8 }, (_, index) =>
  Array.from({ length: 16_384 }, (_zero, at) => at + index),
)
const captured = { sealed: 0, none: {} }

function work(response) {
  const rows = Array.from({ length: 200 }, (_, index) => ({ index, text: `row ${index}` }))
  const digest = createHash('sha256').update(JSON.stringify(rows)).digest('hex')
  setTimeout(() => response.end(digest), 5)
}

function stats(response) {
  const ms = (nanoseconds) => Math.round(nanoseconds / 1e4) / 100
  const answer = { p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max), captured }
  delay.reset()
  response.end(JSON.stringify({ ...answer, ballast: ballast.length }))
}

const server = http.createServer((request, response) => (request.url === '/work' ? work : stats)(response))
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`))

if (process.env.SOAK_CAPTURE_SECONDS) {
  const { capture } = require('../../dist/api.js')
  const note = ({ bundlePath, problem }) => {
    if (bundlePath !== null) captured.sealed += 1
    else captured.none[problem?.message] = (captured.none[problem?.message] ?? 0) + 1
  }
  setInterval(() => void capture({ reason: 'soak' }).then(note), Number(process.env.SOAK_CAPTURE_SECONDS) * 1000)
}
if (process.env.SOAK_BEREFT) setTimeout(require('../support/end-watch-thread.cjs').watchThreadEnder(), 5000)
