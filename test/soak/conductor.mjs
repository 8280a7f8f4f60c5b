// Healthy workers of Conductor's SDKs on a server that has bad days: mixed load, slow tasks, extended leases, restarts, 503s,
// refused credentials, connections that break. None may be ended, and none may leave an incident.
//
//   npm run soak:conductor -- --minutes 30 [--sdk 4.0.0,2.4.1]
//
// Thresholds are a tenth of the defaults (warning after 4.5 s, end after 30 s), so that a bad day of the server is ten times
// as long as it looks; `--defaults` takes the product's own.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { incidentsIn, until } from '../support/incidents-in.mjs'
import { enqueue } from '../fixtures/conductor-server/state.mjs'
import { startServer } from '../fixtures/conductor-server/server.mjs'
import { prepare } from '../sdk/wedges/prepare.mjs'

const ROOT = path.resolve(import.meta.dirname, '../..')
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    sdk: { type: 'string', default: '1.2.3,2.4.1,3.1.0,4.0.0' },
    defaults: { type: 'boolean', default: false },
  },
})
const TENTH = {
  CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '30',
  CONDUCTOR_STALL_WARN_SECONDS: '4.5',
  CONDUCTOR_STALL_POLL_SUCCESS_WARN_SECONDS: '30',
}
/** What each worker does with its tasks. */
const LOADS = [
  { load: 'quick tasks', env: { EXECUTE: 'ok', CONCURRENCY: '5' }, task: { responseTimeoutSeconds: 60 } },
  { load: 'slow tasks in all slots', env: { EXECUTE: 'slow:12000' }, task: { responseTimeoutSeconds: 120 } },
  {
    load: 'short steps, leased',
    env: { EXECUTE: 'steps:8000', LEASE: '1' },
    task: { responseTimeoutSeconds: 10, timeoutSeconds: 600 },
  },
  { load: 'computing in slices', env: { EXECUTE: 'busy:200' }, task: { responseTimeoutSeconds: 120 } },
]
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** A server behind a front of our own on one port for good: it can be restarted, and its connections cut. */
async function openService() {
  let server = await startServer({})
  const sockets = new Set()
  const front = net.createServer((socket) => {
    const to = net.connect(server.port, '127.0.0.1')
    sockets.add(socket)
    for (const [from, other] of [
      [socket, to],
      [to, socket],
    ]) {
      from.on('error', () => {}).on('close', () => other.destroy())
      from.pipe(other)
    }
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise((resolve) => front.listen(0, '127.0.0.1', resolve))
  const cut = () => sockets.forEach((socket) => socket.destroy())
  return {
    url: `http://127.0.0.1:${front.address().port}/api`,
    get server() {
      return server
    },
    cut,
    async restart(downMs) {
      await server.close()
      cut()
      await pause(downMs)
      server = await startServer({})
    },
    async close() {
      cut()
      front.close()
      await server.close()
    },
  }
}

/** What happens to the server, in turn; each leaves it well. */
const DAYS = [
  ['restart, away for 3 s', (service) => service.restart(3000)],
  ['503 for 10 s', (service) => during(service, '503', 10_000)],
  ['refused credentials for 10 s', (service) => during(service, '401', 10_000)],
  ['all connections cut', async (service) => service.cut()],
  [
    'flapping: cut every 500 ms for 5 s',
    async (service) => {
      for (let i = 0; i < 10; i++, await pause(500)) service.cut()
    },
  ],
  [
    'polls that take 3 s',
    async (service) => {
      service.server.state.holdMs = 3000
      await during(service, 'long-poll', 12_000)
    },
  ],
]

async function during(service, mode, ms) {
  service.server.setMode(mode)
  await pause(ms)
  service.server.setMode('ok')
}

const sdks = values.sdk.split(',')
const wanted = sdks.flatMap((sdk, i) =>
  LOADS.map((load, k) => ({ ...load, sdk, kind: 'cjs', node: [20, 22, 24, 26][(i + k) % 4] })),
)
const { folder, cells } = await prepare(wanted)
const service = await openService()
const workers = cells.map((cell, i) => {
  const dir = mkdtempSync(path.join(tmpdir(), 'stall-conductor-soak-'))
  const type = `type${i}`
  const binary = path.join(ROOT, `test/nodes/node_modules/node${cell.node}/bin/node`)
  const child = spawn(binary, ['--require', path.join(ROOT, 'dist/index.js'), cell.program], {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: {
      PATH: process.env.PATH,
      CONDUCTOR_STALL_DIR: dir,
      CONDUCTOR_SERVER_URL: service.url,
      TASK_TYPES: type,
      POLL_INTERVAL: '250',
      KEEP_ALIVE: '1',
      ...(values.defaults ? {} : TENTH),
      ...cell.env,
    },
  })
  let log = ''
  child.stderr.on('data', (data) => (log += data))
  return {
    ...cell,
    type,
    dir,
    child,
    ended: () => child.exitCode !== null || child.signalCode !== null,
    log: () => log,
  }
})
const figures = { polls: 0, updates: 0, completed: 0 }
/** A server that is restarted begins at 0. */
function count(state) {
  figures.polls += state.counts.polls
  figures.updates += state.counts.updates
  figures.completed += state.completed.length
}

try {
  const polled = () => workers.every(({ type }) => service.server.state.lastPolls.has(type))
  if ((await until(120_000, polled)) === null) throw new Error('not all workers began to poll')
  const endAt = performance.now() + Number(values.minutes) * 60_000
  const feeding = setInterval(() => {
    for (const { type, task, env } of workers) {
      const { queues } = service.server.state
      if (env.EXECUTE.startsWith('busy') && Math.random() < 0.9) continue
      if ((queues.get(type)?.length ?? 0) < 3) enqueue(service.server.state, type, 1, task)
    }
  }, 500)
  const days = new Map()
  for (let turn = 0; performance.now() < endAt; turn++) {
    const [name, act] = DAYS[turn % DAYS.length]
    const { state } = service.server
    await act(service)
    if (service.server.state !== state) count(state)
    days.set(name, (days.get(name) ?? 0) + 1)
    await pause(8000)
  }
  clearInterval(feeding)
  count(service.server.state)
  let faults = 0
  console.log('| SDK | Node | load | incidents | ended |\n|---|---|---|---|---|')
  for (const worker of workers) {
    const incidents = incidentsIn(worker.dir)
    faults += incidents.length + Number(worker.ended())
    const ended = worker.ended()
      ? `with ${worker.child.exitCode ?? worker.child.signalCode}: ${worker.log().slice(-300)}`
      : 'no'
    console.log(`| ${worker.sdk} | ${worker.node} | ${worker.load} | ${incidents.length} | ${ended} |`)
    for (const { stall, verdicts } of incidents)
      console.log(`  ${stall?.trigger} of ${stall?.clock}: ${verdicts[0]?.kind}/${verdicts[0]?.cause}`)
  }
  for (const [name, times] of days) console.log(`${name}: ${times} times`)
  console.log(
    `${workers.length} workers, ${values.minutes} min: ${figures.polls} polls, ${figures.completed} tasks; ${faults} faults`,
  )
  process.exitCode = faults === 0 ? 0 : 1
} finally {
  for (const { child, dir } of workers) {
    child.kill('SIGTERM')
    await until(10_000, () => child.exitCode !== null || child.signalCode !== null)
    child.kill('SIGKILL')
    rmSync(dir, { recursive: true, force: true })
  }
  await service.close()
  rmSync(folder, { recursive: true, force: true })
}
