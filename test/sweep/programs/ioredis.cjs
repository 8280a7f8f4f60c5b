const Redis = require('ioredis').Redis ?? require('ioredis')
const { ports, mode, pause, poll } = require('./worker.cjs')

const port = mode === 'away' ? ports.closed : ports.redis
const redis = new Redis({ host: '127.0.0.1', port, maxRetriesPerRequest: null })
redis.on('error', () => {})

async function readFlag() {
  const flag = await redis.get(mode)
  return flag === '1'
}

async function takeJob() {
  const [, job] = await redis.blpop('jobs:urgent', 0)
  return job
}

poll(async (n) => {
  if (mode === 'leak' && n === 3) void takeJob()
  await readFlag()
  if (mode === 'idle') await pause(4_000)
})
