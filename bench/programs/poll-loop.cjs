// One library's own poll loop, whose requests are answered at once, for so many polls. argv: LIBRARY (conductor | sqs-consumer |
// kafkajs | bull | bullmq | bullmq-6 | pg-boss | amqplib | amqplib-0) hooked|plain POLLS. Of amqplib, to which messages are
// pushed, so many messages, each taken by its consumer and acknowledged. Prints {polls, ms, cpuMicros}.
'use strict'
const { createRequire } = require('node:module')
const path = require('node:path')
const ROOT = path.resolve(__dirname, '../..')
const [library, how, count] = process.argv.slice(2)
const queues = createRequire(path.join(ROOT, 'test/queues/worker.cjs'))

let clocks = 0
if (how === 'hooked') {
  const { ClockBoard } = require(path.join(ROOT, 'build/heartbeat/clock-board.js'))
  const { installIntegrations } = require(path.join(ROOT, 'build/integrations/index.js'))
  const board = new ClockBoard()
  const open = board.open.bind(board)
  board.open = (...args) => {
    clocks++
    return open(...args)
  }
  installIntegrations(board, { taskStallMs: 0 })
}

let polls = 0
let done = () => {}
const enough = new Promise((resolve) => (done = resolve))
const polled = () => {
  if (++polls === Number(count)) done()
}

const starts = {
  conductor() {
    const sdk = require(path.join(ROOT, 'test/sdk/conductor-4.0.0/node_modules/@io-orkes/conductor-javascript'))
    const poll = async () => {
      polled()
      return []
    }
    const options = { pollInterval: 1, adaptiveBackoff: false, concurrency: 1 }
    for (let i = 0; i < 100; i++) new sdk.Poller(`type-${i}`, poll, async () => {}, options).startPolling()
  },
  'sqs-consumer'() {
    const { Consumer } = queues('sqs-consumer')
    const sqs = {
      send: async () => {
        polled()
        return {}
      },
    }
    for (let i = 0; i < 100; i++) {
      const queueUrl = `http://127.0.0.1/000000000000/type-${i}`
      Consumer.create({ queueUrl, sqs, waitTimeSeconds: 0, handleMessage: async (message) => message }).start()
    }
  },
  kafkajs() {
    const folder = path.dirname(queues.resolve('kafkajs/src/consumer/index.js'))
    const Runner = createRequire(path.join(folder, 'index.js'))('./runner')
    const log = { info: quiet, warn: quiet, error: quiet, debug: quiet, namespace: () => log }
    for (let i = 0; i < 100; i++) {
      const consumerGroup = {
        groupId: `type-${i}`,
        maxWaitTime: 5000,
        connect: async () => {},
        joinAndSync: async () => {},
        heartbeat: async () => {},
        getNodeIds: () => [1],
        fetch: async () => {
          polled()
          await new Promise(setImmediate)
          return []
        },
      }
      const options = { logger: log, consumerGroup, instrumentationEmitter: { emit: quiet }, onCrash: quiet }
      void new Runner({ ...options, eachMessage: async () => {} }).start()
    }
  },
  bull() {
    const Queue = queues('bull')
    const Redis = queues('ioredis')
    // Nobody connects it: the loop asks for nothing that needs Redis.
    const createClient = () =>
      new Redis({ lazyConnect: true, enableReadyCheck: false, maxRetriesPerRequest: null, retryStrategy: () => null })
    for (let i = 0; i < 100; i++) {
      const queue = new Queue(`type-${i}`, { createClient })
      Object.assign(queue, { drained: false, processing: [], errorRetryTimer: {}, moveToActive: emptyHanded })
      queue.processJobs('0', quiet)
    }
  },
  bullmq: () => startBullmq(queues('bullmq').Worker),
  'bullmq-6': () => startBullmq(queues('bullmq-6').Worker),
  'pg-boss'() {
    const folder = path.dirname(queues.resolve('pg-boss'))
    const Worker = createRequire(path.join(folder, 'index.js'))('./worker')
    for (let i = 0; i < 100; i++) {
      const options = { id: String(i), name: `type-${i}`, options: {}, interval: 0, onError: quiet }
      void new Worker({ ...options, fetch: emptyHanded, onFetch: async () => {} }).start()
    }
  },
  amqplib: () => startAmqplib('amqplib'),
  'amqplib-0': () => startAmqplib('amqplib-0'),
}

function quiet() {}

/** A poll that brings nothing, a turn of the event loop later. */
async function emptyHanded() {
  polled()
  await new Promise(setImmediate)
}

/** The worker's own loop, without the connections that its constructor makes. */
function startBullmq(Worker) {
  for (let i = 0; i < 100; i++) {
    const worker = Object.create(Worker.prototype)
    Object.assign(worker, { name: `type-${i}`, opts: {}, _concurrency: 1, limitUntil: 0, blockUntil: 0 })
    worker.moveToActive = emptyHanded
    void worker.mainLoop({}, {})
  }
}

/** A channel whose connection takes everything: what the broker would send is handed to it. */
function startAmqplib(name) {
  const folder = path.dirname(queues.resolve(name))
  const { Channel } = createRequire(path.join(folder, 'channel_api.js'))('./lib/channel_model')
  const connection = { sendMethod: () => true, on: quiet }
  for (let i = 0; i < 100; i++) {
    const channel = new Channel(connection)
    const handle = async (message) => channel.ack(message)
    void channel.consume(`type-${i}`, handle)
    channel.accept({ id: 3_932_181, fields: { consumerTag: 'tag' } })
    let deliveryTag = 0
    const deliver = () => {
      channel.handleDelivery({
        fields: { consumerTag: 'tag', deliveryTag: ++deliveryTag },
        properties: {},
        content: null,
      })
      polled()
      setImmediate(deliver)
    }
    deliver()
  }
}

starts[library]()
const begun = performance.now()
const before = process.cpuUsage()

async function report() {
  await enough
  const { user, system } = process.cpuUsage(before)
  console.log(JSON.stringify({ polls, ms: performance.now() - begun, cpuMicros: user + system }))
  // A loop that nobody watches would cost nothing.
  process.exit(how === 'hooked' && clocks === 0 ? 1 : 0)
}
void report()
