// A poll loop over HTTP with many promises an iteration: how many iterations in the given time.
'use strict'
const http = require('node:http')
const { begin } = require('./begin.cjs')

const agent = new http.Agent({ keepAlive: true, maxSockets: 4 })
const port = Number(process.env.PORT)

function poll() {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, agent }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => (text += chunk))
      response.on('end', () => resolve(JSON.parse(text)))
    })
    request.on('error', reject)
  })
}

/** What middleware and helpers of a real worker add: a chain of async functions, and a fan-out. */
async function through(depth, value) {
  return depth === 0 ? value : await through(depth - 1, value)
}

async function iterate() {
  const tasks = await poll()
  await Promise.all(Array.from({ length: 20 }, (_, i) => through(10, i)))
  return tasks.length
}

async function loopFor(ms, beat) {
  let n = 0
  const end = performance.now() + ms
  while (performance.now() < end) {
    beat()
    await iterate()
    n++
  }
  return n
}

async function main() {
  const beat = begin(process.argv[2])
  await loopFor(Number(process.env.WARM_MS), beat)
  const start = performance.now()
  const cpu = process.cpuUsage()
  const n = await loopFor(Number(process.env.RUN_MS), beat)
  const { user, system } = process.cpuUsage(cpu)
  const seconds = (performance.now() - start) / 1000
  process.stdout.write(JSON.stringify({ perSecond: n / seconds, cpuUs: (user + system) / n }))
  process.exit()
}

main()
