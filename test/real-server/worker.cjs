// A worker on the real SDK. Environment: CONDUCTOR_SERVER_URL, SDK (its folder), TASK (charge), WEDGE (loop | never: the
// first attempt of a task does that; none: it is well). A retried task is well.
'use strict'
const { createRequire } = require('node:module')
const path = require('node:path')
const sdk = createRequire(path.join(process.env.SDK, 'worker.cjs'))('@io-orkes/conductor-javascript')

async function charge(task) {
  if ((task.retryCount ?? 0) === 0) {
    if (process.env.WEDGE === 'loop') for (;;);
    if (process.env.WEDGE === 'never') await new Promise(() => {})
  }
  return { status: 'COMPLETED', outputData: { attempt: task.retryCount ?? 0 } }
}

async function main() {
  const client = await (sdk.createConductorClient ?? sdk.orkesConductorClient)({
    serverUrl: process.env.CONDUCTOR_SERVER_URL,
    tlsInsecure: true,
  })
  const quiet = () => {}
  const logger = { info: quiet, warn: quiet, error: quiet, debug: quiet }
  const worker = { taskDefName: process.env.TASK ?? 'charge', execute: charge, concurrency: 1, pollInterval: 100 }
  new sdk.TaskManager(client, [worker], { logger, options: { pollInterval: 100, concurrency: 1 } }).startPolling()
  setInterval(() => {}, 1000)
}
void main()
