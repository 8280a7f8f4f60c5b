// A consumer of RabbitMQ. argv: LIBRARY (amqplib | amqplib-0) URL WHAT. Prints READY when it consumes, and `done ID`.
// WHAT: ok | never (its handler never settles) | forget (it returns and acknowledges nothing) | twice (it acknowledges twice,
// for which the broker closes the channel) | again (the same, and it consumes again) | publish (it publishes five times a second) | reconnect (it connects again until it consumes). A line on stdin: stop (it closes its connection) |
// pause (it cancels its consumer).
'use strict'
const [library, url, what] = process.argv.slice(2)
const { setTimeout: sleep } = require('node:timers/promises')
/** As an ES module has imported it. */
const amqp = globalThis.importedAmqplib ?? require(library)
const QUEUE = 'invoices'

let channel = null

async function handle(message) {
  // The broker cancelled it.
  if (message === null) return
  if (what === 'forget') return
  if (what === 'never') await new Promise(() => {})
  channel.ack(message)
  if (what === 'twice' || what === 'again') channel.ack(message)
  console.log(`done ${message.fields.deliveryTag}`)
}

async function consume(connection) {
  channel = await connection.createChannel()
  channel.on('error', () => {})
  channel.on('close', () => {
    if (what === 'again') setTimeout(() => void consume(connection), 300)
  })
  await channel.assertQueue(QUEUE)
  await channel.assertQueue('paid')
  await channel.prefetch(2)
  if (what === 'publish') setInterval(() => channel.sendToQueue('paid', Buffer.from('paid')), 200)
  const { consumerTag } = await channel.consume(QUEUE, handle)
  return consumerTag
}

async function start() {
  const connection = await amqp.connect(url)
  connection.on('error', () => {})
  connection.on('close', () => {
    if (what === 'reconnect') void again()
  })
  const tag = await consume(connection)
  console.log('READY')
  process.stdin.removeAllListeners('data').on('data', (line) => {
    if (String(line).startsWith('stop')) void connection.close()
    else if (String(line).startsWith('pause')) void channel.cancel(tag)
  })
}

async function again() {
  for (;;) {
    await sleep(500)
    try {
      await start()
      return
    } catch {
      // Not there yet.
    }
  }
}

void start()
setInterval(() => {}, 1000)
