// What the hook costs one iteration of an SDK 4 poll loop: the SDK's own Poller with polls that answer at once, with and
// without the hook in turn, CPU time per iteration. usage: node bench/conductor-poll.mjs [rounds]
import { createRequire } from 'node:module'
import path from 'node:path'

const require = createRequire(import.meta.url)
const ROOT = path.resolve(import.meta.dirname, '..')
const { ClockBoard } = require(path.join(ROOT, 'build/heartbeat/clock-board.js'))
const { SdkHook } = require(path.join(ROOT, 'build/integrations/conductor/sdk-hook.js'))
const SDK = require.resolve(path.join(ROOT, 'test/sdk/conductor-4.0.0/node_modules/@io-orkes/conductor-javascript'))

const POLLERS = 100
const ITERATIONS = 200
const rounds = Number(process.argv[2] ?? 5)

function freshSdk() {
  delete require.cache[SDK]
  return require(SDK)
}

/** CPU microseconds per iteration. */
async function measure(hooked) {
  const sdk = freshSdk()
  if (hooked) new SdkHook(new ClockBoard(), () => {}).patch(sdk)
  const before = process.cpuUsage()
  await Promise.all(
    Array.from({ length: POLLERS }, (_, i) => {
      let polls = 0
      return new Promise((resolve) => {
        const poll = async () => {
          if (++polls === ITERATIONS) {
            void poller.stopPolling()
            resolve()
          }
          return []
        }
        const options = { pollInterval: 1, adaptiveBackoff: false, concurrency: 1 }
        const poller = new sdk.Poller(`type-${i}`, poll, async () => {}, options)
        poller.startPolling()
      })
    }),
  )
  const { user, system } = process.cpuUsage(before)
  return (user + system) / (POLLERS * ITERATIONS)
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
const plain = []
const hooked = []
await measure(false)
await measure(true)
for (let i = 0; i < rounds; i++) {
  plain.push(await measure(false))
  hooked.push(await measure(true))
}
const added = median(hooked) - median(plain)
console.log(
  JSON.stringify({
    node: process.version,
    plainMicrosPerIteration: Number(median(plain).toFixed(2)),
    hookedMicrosPerIteration: Number(median(hooked).toFixed(2)),
    addedMicrosPerIteration: Number(added.toFixed(2)),
    spreadMicros: Number((Math.max(...plain) - Math.min(...plain)).toFixed(2)),
  }),
)
