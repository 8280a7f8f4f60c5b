// Adds jobs to the queue of worker.cjs or amqp-worker.cjs. argv: LIBRARY URL COUNT. Prints their ids. With `delete` as COUNT it deletes a queue
// of RabbitMQ.
'use strict'
const [library, url, count] = process.argv.slice(2)

async function addToPgBoss() {
  const PgBoss = require('pg-boss')
  const boss = new PgBoss({ connectionString: url, supervise: false, schedule: false })
  await boss.start()
  for (let i = 0; i < Number(count); i++) console.log(await boss.send('invoices', { i }))
  await boss.stop({ graceful: false, close: true, wait: true })
}

async function addToKafka() {
  const { Kafka, logLevel } = require('kafkajs')
  const producer = new Kafka({ brokers: [new URL(url).host], logLevel: logLevel.NOTHING }).producer()
  await producer.connect()
  for (let i = 0; i < Number(count); i++) {
    const [sent] = await producer.send({ topic: 'invoices', messages: [{ value: String(i) }] })
    console.log(sent.baseOffset)
  }
  await producer.disconnect()
}

async function addToAmqp() {
  const connection = await require(library).connect(url)
  const channel = await connection.createConfirmChannel()
  await channel.assertQueue('invoices')
  for (let i = 0; i < Number(count); i++) channel.sendToQueue('invoices', Buffer.from(String(i)))
  await channel.waitForConfirms()
  // As if somebody had deleted it by mistake.
  if (count === 'delete') await channel.deleteQueue('invoices')
  await connection.close()
}

async function main() {
  if (library.startsWith('amqplib')) return addToAmqp()
  if (library === 'kafkajs') return addToKafka()
  if (library === 'pg-boss') return addToPgBoss()
  const { hostname, port } = new URL(url)
  const queue =
    library === 'bull'
      ? new (require('bull'))('invoices', url)
      : new (require(library).Queue)('invoices', { connection: { host: hostname, port: Number(port) } })
  for (let i = 0; i < Number(count); i++) {
    const job = await (library === 'bull' ? queue.add({ i }) : queue.add('invoice', { i }))
    console.log(job.id)
  }
  await queue.close()
}
void main()
