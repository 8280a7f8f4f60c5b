const { Pool } = require('undici')
const { ports, mode, pause, poll } = require('./worker.cjs')

const origin = mode === 'away' ? `https://127.0.0.1:${ports.deaf}` : `http://127.0.0.1:${ports.http}`
const bank = new Pool(origin, { connections: 2, connect: { timeout: 0 } })

async function fetchRates() {
  const { statusCode, body } = await bank.request({ path: `/rates/${mode}`, method: 'GET', headersTimeout: 0 })
  if (statusCode !== 200) return null
  return body.text()
}

async function isUp() {
  const { statusCode } = await bank.request({ path: '/large', method: 'GET' })
  return statusCode === 200
}

poll(async () => {
  if (mode === 'leak') return isUp()
  await fetchRates()
  if (mode === 'idle') await pause(4_000)
})
