// What every loop of the scenarios has at hand: beats, polls, tasks. From the environment; no dependency.
const fs = require('node:fs')
const diagnostics = require('node:diagnostics_channel')

const channel = diagnostics.channel('conductor-stall-agent:beat')
const { BASE, CONTROL, FOLDER, H2, FAR, LINE_PORT, POLL = 'poll', WEDGE_AT = '6', NAME = 'orders' } = process.env
const expectWaitMs = Number(process.env.EXPECT_WAIT_MS ?? 0)
const wedgeAt = Number(WEDGE_AT)
let polled = 0

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

async function ask() {
  if (BASE === undefined) return pause(40)
  const response = await fetch(`${BASE}/${POLL}`, { signal: AbortSignal.timeout(60_000) })
  await response.text()
  if (!response.ok) await pause(50)
  return response.ok
}

const beat = () => channel.publish({ name: NAME, ...(expectWaitMs > 0 ? { expectWaitMs } : {}) })

/** Between two steps of what a task makes ready: on a crowded machine that takes seconds, and is no wedge yet. */
function prepares() {
  beat()
  return new Promise(setImmediate)
}

/** Asks for the next task; null when the server has none or is unwell. */
async function poll() {
  if ((await ask()) === false) return null
  const n = ++polled
  return {
    n,
    id: `task-${n}`,
    wedge: n >= wedgeAt,
    wedgeAt,
    base: BASE,
    folder: FOLDER,
    h2: H2,
    far: FAR,
    linePort: Number(LINE_PORT),
    prepares,
    wedging: () => fs.writeSync(2, 'WEDGED\n'),
    muteH2: () => fetch(`${CONTROL}/mute-h2`).then((response) => response.text()),
    cutFar: () => fetch(`${CONTROL}/cut-far`).then((response) => response.text()),
  }
}

/** The same on the real SDK, against the server that the runner made. */
async function serveConductor({ execute, concurrency = 1, logger = {}, eventListeners }) {
  const sdk = require('@io-orkes/conductor-javascript')
  const quiet = () => {}
  const client = await sdk.createConductorClient({ serverUrl: process.env.CONDUCTOR_SERVER_URL, tlsInsecure: true })
  const handler = new sdk.TaskHandler({
    client,
    workers: [{ taskDefName: NAME, execute, concurrency, pollInterval: 100 }],
    logger: { info: quiet, warn: quiet, error: quiet, debug: quiet, ...logger },
    eventListeners,
    scanForDecorated: false,
  })
  await handler.startWorkers()
}

/** Has the runner do something to its servers. */
const askFor = (what) => fetch(`${CONTROL}/${what}`).then((response) => response.text())

module.exports = {
  poll,
  pause,
  serveConductor,
  askFor,
  wedging: () => fs.writeSync(2, 'WEDGED\n'),
  beat,
}

// As the SDK's health check does: a worker always has something alive, and never ends by itself.
async function w_reportHealth() {
  for (;;) await pause(5_000)
}
if (process.env.HEALTH !== 'off') void w_reportHealth()
