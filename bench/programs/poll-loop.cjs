// One library's own poll loop, whose requests are answered at once, for so many polls. argv: LIBRARY (conductor | sqs-consumer |
// kafkajs) hooked|plain POLLS. Prints {polls, ms, cpuMicros}.
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
    const quiet = () => {}
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
