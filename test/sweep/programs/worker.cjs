// What each program of the sweep has: its servers, what it is to do, and a loop that says when it has come round.
const fs = require('node:fs')
const { createServer } = require('node:http')
const { channel } = require('node:diagnostics_channel')

// What a supervisor asks; it also keeps the process alive.
createServer((request, response) => response.end('well')).listen(0, '127.0.0.1')

const beat = channel('conductor-stall-agent:beat')
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

async function poll(work) {
  for (let n = 1; ; n++) {
    beat.publish({ name: 'jobs' })
    fs.writeSync(1, `round ${n}\n`)
    await pause(200)
    await work(n)
  }
}

module.exports = { ports: JSON.parse(process.env.PORTS), mode: process.argv[2], pause, poll }
