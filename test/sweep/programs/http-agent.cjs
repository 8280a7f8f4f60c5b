const http = require('node:http')
const { ports, mode, pause, poll } = require('./worker.cjs')

const agent = new http.Agent({ keepAlive: true, maxSockets: 2 })
const port = mode === 'away' ? ports.full : ports.http

function get(path) {
  return new Promise((resolve, reject) => {
    http.get({ host: '127.0.0.1', port, path, agent }, resolve).once('error', reject)
  })
}

async function readFeed() {
  const response = await get(`/feed/${mode}`)
  response.resume()
  return response.statusCode
}

async function checkFeed() {
  const response = await get('/feed/large')
  return response.statusCode
}

poll(async () => {
  if (mode === 'leak') return checkFeed()
  await readFeed()
  if (mode === 'idle') await pause(4_000)
})
