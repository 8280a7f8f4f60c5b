const http = require('node:http')
const axios = require('axios')
const { ports, mode, pause, poll } = require('./worker.cjs')

const port = mode === 'away' ? ports.full : ports.http
const api = axios.create({
  baseURL: `http://127.0.0.1:${port}`,
  httpAgent: new http.Agent({ keepAlive: true, maxSockets: 2 }),
})

async function loadPrice() {
  const { data } = await api.get(`/prices/${mode}`)
  return data
}

async function hasReport() {
  const { status } = await api.get('/reports/large', { responseType: 'stream' })
  return status === 200
}

poll(async () => {
  if (mode === 'leak') return hasReport()
  await loadPrice()
  if (mode === 'idle') await pause(4_000)
})
