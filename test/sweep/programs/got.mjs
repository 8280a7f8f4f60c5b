import http from 'node:http'
import { createRequire } from 'node:module'
import { got } from 'got'

const { ports, mode, pause, poll } = createRequire(import.meta.url)('./worker.cjs')
const prefixUrl = mode === 'away' ? `https://127.0.0.1:${ports.deaf}` : `http://127.0.0.1:${ports.http}`
const shop = got.extend({
  prefixUrl,
  retry: { limit: 0 },
  agent: { http: new http.Agent({ keepAlive: true, maxSockets: 2 }) },
})

async function loadStock() {
  const body = await shop.get(`stock/${mode}`).text()
  return Number(body)
}

function hasPicture() {
  return new Promise((resolve, reject) => {
    const stream = shop.stream('pictures/large')
    stream.once('response', (response) => resolve(response.statusCode === 200))
    stream.once('error', reject)
  })
}

async function checkPicture() {
  return await hasPicture()
}

void poll(async () => {
  if (mode === 'leak') return checkPicture()
  await loadStock()
  if (mode === 'idle') await pause(4_000)
})
