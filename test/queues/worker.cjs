// A worker of a queue library. argv: LIBRARY (bull | bullmq | bullmq-6) URL WHAT (ok | never | slow:MS). Prints READY when
// it works, and `done ID` with each job.
'use strict'
const [library, url, what] = process.argv.slice(2)

async function handle(job) {
  if (what === 'never') await new Promise(() => {})
  if (what.startsWith('slow:')) await new Promise((resolve) => setTimeout(resolve, Number(what.slice(5))))
  console.log(`done ${job.id}`)
}

function startBull() {
  const Queue = require('bull')
  const queue = new Queue('invoices', url)
  queue.on('error', () => {})
  void queue.process(handle)
  return queue.isReady()
}

async function startBullmq() {
  const { Worker } = require(library)
  const { hostname, port } = new URL(url)
  const connection = { host: hostname, port: Number(port), maxRetriesPerRequest: null }
  const worker = new Worker('invoices', handle, { connection })
  worker.on('error', () => {})
  await worker.waitUntilReady()
}

void (library === 'bull' ? startBull() : startBullmq()).then(() => console.log('READY'))
setInterval(() => {}, 1000)
