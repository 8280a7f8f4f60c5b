const { Queue, QueueEvents, Worker } = require('bullmq')
const { ports, mode, pause, poll } = require('./worker.cjs')

const port = mode === 'away' ? ports.closed : ports.store
const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null }
const queue = new Queue('mails', { connection })
queue.on('error', () => {})

async function enqueue(n) {
  const job = await queue.add('send', { n })
  return job.id
}

/** A task of the queue that waits for another task of the same queue, while it has the only slot. */
async function sendAll() {
  const events = new QueueEvents('mails', { connection })
  const worker = new Worker(
    'mails',
    async function sendMail(job) {
      if (job.name !== 'batch') return
      const part = await queue.add('send', { of: job.id })
      await part.waitUntilFinished(events)
    },
    { connection, concurrency: 1 },
  )
  await Promise.all([events.waitUntilReady(), worker.waitUntilReady()])
  const batch = await queue.add('batch', {})
  await batch.waitUntilFinished(events)
}

poll(async (n) => {
  if (mode === 'leak') return sendAll()
  // The server hangs from now on.
  if (mode === 'silent' && n === 4) await fetch(`http://127.0.0.1:${ports.control}/stop-store`)
  if (mode === 'slow') await pause(1_500)
  await enqueue(n)
  if (mode === 'idle') await pause(4_000)
})
