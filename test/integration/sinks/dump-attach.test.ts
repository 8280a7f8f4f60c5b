/** `dump PID --attach-to`, and a sidecar that delivers for workers which share its folder. */
import { mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { temporaryFolder } from '../../support/incidents.js'
import { CLI, NODES } from '../../support/nodes.js'
import { FAST, RunningWorker, runWorker } from '../../support/run-worker.js'
import { diag, startNode, TICKETS_SINK } from '../../support/sinks/outbox-run.js'
import { TicketsServer } from '../../support/sinks/tickets-server.js'

const [oldest] = NODES
const newest = NODES.at(-1)
if (!oldest || !newest) throw new Error('no Node binaries')

let folder: ReturnType<typeof temporaryFolder>
let bundles: string
let system: TicketsServer
let settings: Record<string, string>

beforeEach(async () => {
  folder = temporaryFolder('dump-attach')
  bundles = path.join(folder.path, 'bundles')
  mkdirSync(bundles)
  system = await TicketsServer.start()
  settings = {
    CONDUCTOR_STALL_DIR: bundles,
    CONDUCTOR_STALL_SINK_MODULE_NAME: TICKETS_SINK,
    TICKETS_URL: system.server.url,
  }
})
afterEach(async () => {
  await system.server.close()
  folder.remove()
})

const idsIn = (directory: string): string[] => readdirSync(directory).filter((name) => /^[0-9A-Z]{26}$/.test(name))

test('dump --attach-to: tickets and stores at once, the links printed; --dry-run sends and keeps nothing', async () => {
  const store = path.join(folder.path, 'store')
  mkdirSync(store)
  const all = {
    ...settings,
    CONDUCTOR_STALL_SINK_FILE_DIR: store,
    CONDUCTOR_STALL_SINK_FILE_URL: 'https://files.test/stalls',
  }
  const running = startNode(['-e', 'process.stdout.write("ready"); setInterval(() => {}, 1000)'], {})
  await new Promise((resolve) => running.child.stdout?.once('data', resolve))
  const pid = String(running.child.pid)
  try {
    const to = ['--attach-to', 'file', '--attach-to', 'module']
    const dry = await diag(['dump', pid, ...to, '--dry-run'], all)
    expect(dry, dry.stderr).toMatchObject({ code: 0 })
    expect(dry.stdout).toContain(`write ${store}`)
    expect(dry.stdout).toContain(`POST ${system.server.url}/tickets`)
    expect([...idsIn(bundles), ...readdirSync(store), ...system.server.received]).toEqual([])

    const done = await diag(['dump', pid, ...to], all)
    expect(done, done.stderr).toMatchObject({ code: 0 })
    const [id] = idsIn(bundles)
    expect(done.stdout).toContain(`https://files.test/stalls/${id}.tar.gz\n${system.server.url}/tickets/1\n`)
    expect(system.tickets[0]?.files.map(({ name }) => name)).toContain(`${id}.tar.gz`)
    expect(system.tickets[0]?.text).toContain(`https://files.test/stalls/${id}.report.html`)

    // A ticket that is there is commented on; JSON has stdout to itself.
    const json = await diag(['dump', pid, '--attach-to', 'module:1', '--json'], all)
    expect(json, json.stderr).toMatchObject({ code: 0 })
    expect(JSON.parse(json.stdout)).toMatchObject({ schema: 1 })
    expect(json.stderr).toContain(`${system.server.url}/tickets/1`)
    expect(system.tickets).toMatchObject([{ comments: [expect.any(String)] }])

    const before = idsIn(bundles)
    expect(await diag(['dump', pid, '--dry-run'], all)).toMatchObject({ code: 64 })
    expect(await diag(['dump', pid, '--attach-to', 'carrier-pigeon'], all)).toMatchObject({ code: 64 })
    expect(idsIn(bundles)).toEqual(before)
  } finally {
    running.child.kill('SIGKILL')
    await running.ended
  }
})

test('ship --follow delivers for two workers that share its folder, and ends with 0 when it is told to', async () => {
  // Each repeat of the cause is told with its archive, not only counted, whoever delivers it.
  const shipping = { ...settings, CONDUCTOR_STALL_SINK_TO: 'module', CONDUCTOR_STALL_SINK_COMMENT_SECONDS: '0' }
  const shipper = startNode([CLI, 'ship', '--follow', '--dir', bundles], shipping)
  try {
    // What was there before the first look is not its to deliver.
    await expect.poll(() => readdirSync(bundles), { timeout: 60_000, interval: 100 }).toContain('outbox')
    const wedged = { args: ['loop'], program: 'agent-worker.cjs', dir: bundles, env: FAST }
    const results = await Promise.all([oldest, newest].map(async (node) => await runWorker({ ...wedged, node })))
    expect(results.map(({ code }) => code)).toEqual([70, 70])
    const ids = idsIn(bundles)
    expect(ids).toHaveLength(2)
    await expect
      .poll(() => system.tickets.flatMap(({ files }) => files.map(({ name }) => name)).sort(), {
        timeout: 60_000,
        interval: 200,
      })
      .toEqual(ids.flatMap((id) => [`${id}.report.html`, `${id}.report.md`, `${id}.tar.gz`]).sort())
    await expect
      .poll(() => readdirSync(path.join(bundles, 'outbox/orders')), { timeout: 60_000, interval: 100 })
      .toEqual([])
    // A request that gets no answer must not keep it when its pod is ended.
    system.server.faults = [{ nth: 1, when: 'before', act: () => 'hang' }]
    const asked = system.server.hung()
    const third = new RunningWorker({ ...wedged, node: oldest })
    await third.result
    await asked
    shipper.child.kill('SIGTERM')
    expect(await shipper.ended).toMatchObject({ code: 0, signal: null })
    // Nothing is lost by that.
    system.server.faults = []
    expect(await diag(['ship', '--dir', bundles], shipping)).toMatchObject({ code: 0 })
    const names = system.tickets.flatMap(({ files }) => files.map(({ name }) => name))
    expect(names.filter((name) => name.endsWith('.tar.gz')).sort()).toEqual(
      idsIn(bundles)
        .map((id) => `${id}.tar.gz`)
        .sort(),
    )
  } finally {
    shipper.child.kill('SIGKILL')
    await shipper.ended
  }
})
