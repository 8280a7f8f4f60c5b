// A worker of a queue library. argv: LIBRARY (bull | bullmq | bullmq-6 | sqs-consumer | pg-boss | kafkajs) URL
// WHAT (ok | never | slow:MS | steps | crash | returned, handed: with a promise in place of `await`). REDIS_OPTIONS: more of ioredis's, as JSON. Prints READY when it works, and `done ID` with each job.
'use strict'
const [library, url, what] = process.argv.slice(2)

async function handle(job) {
  if (what === 'never') await new Promise(() => {})
  if (what.startsWith('slow:')) await new Promise((resolve) => setTimeout(resolve, Number(what.slice(5))))
  if (what === 'steps') for (;;) await new Promise((resolve) => setTimeout(resolve, 100))
  if (what === 'returned') return later()
  if (what === 'handed') return new Promise((resolve) => setTimeout(resolve, 600_000))
  console.log(`done ${job.id}`)
}

async function later() {
  await new Promise((resolve) => setTimeout(resolve, 600_000))
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
  const more = JSON.parse(process.env.REDIS_OPTIONS ?? '{}')
  const connection = { host: hostname, port: Number(port), maxRetriesPerRequest: null, ...more }
  const worker = new Worker('invoices', handle, { connection })
  worker.on('error', () => {})
  await worker.waitUntilReady()
}

async function startSqsConsumer() {
  const { Consumer } = require('sqs-consumer')
  const { SQSClient } = require('@aws-sdk/client-sqs')
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  const sqs = new SQSClient({ endpoint: url, region: 'eu-central-1', credentials, maxAttempts: 1 })
  const handleMessage = async (message) => {
    await handle({ id: message.MessageId })
    return message
  }
  const consumer = Consumer.create({
    queueUrl: `${url}/000000000000/invoices`,
    waitTimeSeconds: 2,
    authenticationErrorTimeout: 500,
    handleMessage,
    sqs,
  })
  consumer.on('error', () => {}).on('processing_error', () => {})
  consumer.start()
}

async function startPgBoss() {
  const PgBoss = require('pg-boss')
  const boss = new PgBoss(url)
  boss.on('error', () => {})
  await boss.start()
  await boss.createQueue('invoices')
  await boss.work('invoices', { pollingIntervalSeconds: 0.5 }, ([job]) => handle(job))
}

async function startKafkajs() {
  const { Kafka, KafkaJSNonRetriableError, logLevel } = require('kafkajs')
  const kafka = new Kafka({ brokers: [new URL(url).host], logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId: 'invoices', maxWaitTimeInMs: 1000 })
  await consumer.connect()
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic: 'invoices' }] })
  await admin.disconnect()
  await consumer.subscribe({ topic: 'invoices', fromBeginning: true })
  const eachMessage = async ({ message }) => {
    // What kafkajs does not try again: it disconnects, and that is the end of the consumer.
    if (what === 'crash') throw new KafkaJSNonRetriableError('no such invoice')
    await handle({ id: message.offset })
  }
  await consumer.run({ eachMessage })
}

const starts = {
  kafkajs: startKafkajs,
  bull: startBull,
  'sqs-consumer': startSqsConsumer,
  'pg-boss': startPgBoss,
}
void (starts[library] ?? startBullmq)().then(() => console.log('READY'))
setInterval(() => {}, 1000)
