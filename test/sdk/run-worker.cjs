// A worker on whatever SDK it is given. Environment:
//   CONDUCTOR_SERVER_URL  the server
//   TASK_TYPES            demo (comma separated)      CONCURRENCY  1      POLL_INTERVAL  100
//   EXECUTE               ok | never | throw | slow:MS (async) | busy:MS (in slices, each its own turn) | loop
//                         exec (execSync) | fifo (reads one in TEST_FOLDER that nobody writes into)
//                         steps:MS (short awaits, one after the other, for so long)
//   LEASE=1               the SDK extends each task's lease
//   API                   handler | manager           (TaskHandler or TaskManager)
//   POLL_TIMEOUT          100                         (manager: how long the server may keep a poll, ms)
//   ON_ERROR=throw        the error handler throws    (manager)
//   LISTENER=hang         an event listener that never settles from the third poll on (hang-plain: no async function)
//   LOGGER=throw          a logger whose `error` throws
//   CHURN=MS              from so many ms after the first task, or event that hangs, garbage is made all the time
//   KEEP_ALIVE=1          something else keeps the process alive
//   TELL_AGENT=1          the SDK is handed over to the agent, as a bundled application does
//   SWALLOW=1             unhandled rejections are swallowed by a listener of the application
// Lines on stdin: pause, resume, stop, start. Prints `polling` when it was started.
'use strict'
const { execFileSync, execSync } = require('node:child_process')
const { channel } = require('node:diagnostics_channel')
const fs = require('node:fs')
const path = require('node:path')
const { createInterface } = require('node:readline')

const setting = (name, fallback) => process.env[name] ?? fallback

async function computeInSlices(ms) {
  const end = performance.now() + ms
  while (performance.now() < end) {
    const slice = performance.now() + 100
    while (performance.now() < slice);
    await new Promise(setImmediate)
  }
}

/** Enough for collections of both kinds, in short turns. */
function churn() {
  const kept = []
  setInterval(() => {
    kept.push(Array.from({ length: 10_000 }, (_, i) => ({ i, text: `${i}` })))
    if (kept.length > 20) kept.length = 0
  }, 100)
}

let churning = false

function churnLater() {
  if (setting('CHURN', '') === '' || churning) return
  churning = true
  setTimeout(churn, Number(setting('CHURN')))
}

async function takeSteps(ms) {
  const end = performance.now() + ms
  while (performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 150))
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function readFifo() {
  const fifo = path.join(process.env.TEST_FOLDER, `fifo-${process.pid}`)
  execFileSync('mkfifo', [fifo])
  fs.readFileSync(fifo)
}

async function execute() {
  churnLater()
  const [what, ms] = setting('EXECUTE', 'ok').split(':')
  if (what === 'never') await new Promise(() => {})
  if (what === 'throw') throw new Error('execute failed')
  if (what === 'slow') await new Promise((resolve) => setTimeout(resolve, Number(ms)))
  if (what === 'steps') await takeSteps(Number(ms))
  if (what === 'busy') await computeInSlices(Number(ms))
  if (what === 'loop') for (;;);
  if (what === 'exec') execSync('sleep 120')
  if (what === 'fifo') readFifo()
  return { status: 'COMPLETED', outputData: {} }
}

function makeLogger() {
  const quiet = () => {}
  if (setting('LOGGER') !== 'throw') return { info: quiet, warn: quiet, error: quiet, debug: quiet }
  const error = () => {
    throw new Error('the logger threw')
  }
  return { info: quiet, warn: quiet, error, debug: quiet }
}

function hangingListener(plain) {
  let polls = 0
  if (plain) return { onPollCompleted: () => (++polls > 2 ? new Promise(() => {}) : undefined) }
  return {
    async onPollCompleted() {
      if (++polls <= 2) return
      churnLater()
      await new Promise(() => {})
    },
  }
}

exports.runWorker = async function runWorker(sdk) {
  if (setting('TELL_AGENT') === '1') channel('conductor-stall-agent:conductor-sdk').publish(sdk)
  if (setting('KEEP_ALIVE') === '1') setInterval(() => {}, 1000)
  if (setting('SWALLOW') === '1') process.on('unhandledRejection', () => {})
  const concurrency = Number(setting('CONCURRENCY', '1'))
  const pollInterval = Number(setting('POLL_INTERVAL', '100'))
  const leaseExtendEnabled = setting('LEASE') === '1'
  const workers = setting('TASK_TYPES', 'demo')
    .split(',')
    .map((taskDefName) => ({ taskDefName, execute, concurrency, pollInterval, leaseExtendEnabled }))
  const makeClient = sdk.createConductorClient ?? sdk.orkesConductorClient
  const client = await makeClient({ serverUrl: process.env.CONDUCTOR_SERVER_URL, tlsInsecure: true })
  const logger = makeLogger()
  const listens = setting('LISTENER', '')
  const eventListeners = listens === '' ? undefined : [hangingListener(listens === 'hang-plain')]
  let handler
  if (setting('API', 'handler') === 'manager' || !sdk.TaskHandler) {
    const onError =
      setting('ON_ERROR') === 'throw'
        ? () => {
            throw new Error('onError threw')
          }
        : undefined
    const options = { pollInterval, concurrency, batchPollingTimeout: Number(setting('POLL_TIMEOUT', '100')) }
    handler = new sdk.TaskManager(client, workers, {
      logger,
      onError,
      eventListeners,
      options,
    })
  } else {
    handler = new sdk.TaskHandler({ client, workers, logger, eventListeners, scanForDecorated: false })
  }
  const runners = () => handler.taskRunners ?? [...handler.workerRunners.values()]
  const commands = {
    start: () => (handler.startWorkers ?? handler.startPolling).call(handler),
    stop: () => (handler.stopWorkers ?? handler.stopPolling).call(handler),
    pause: () => runners().forEach((runner) => runner.setPaused(true)),
    resume: () => runners().forEach((runner) => runner.setPaused(false)),
  }
  await commands.start()
  createInterface({ input: process.stdin }).on('line', (line) => commands[line]())
  console.log('polling')
}
