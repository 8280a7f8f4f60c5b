/**
 * Nothing lost, nothing doubled, whatever happens to the delivery. In the suite with few bundles; the whole of it by
 * `npm run faults` (SINK_FAULTS_COUNT=1000), which prints the table.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest'
import { putOrder } from '../../../src/sinks/outbox/orders.js'
import { PROJECT_ROOT } from '../../support/nodes.js'
import { temporaryFolder } from '../../support/incidents.js'
import { type Ended, diag, startNode, stallBundle, TICKETS_SINK, DELIVERY } from '../../support/sinks/outbox-run.js'
import { TicketsServer } from '../../support/sinks/tickets-server.js'

const COUNT = Number(process.env['SINK_FAULTS_COUNT'] ?? 20)
const KILL_AT_WRITE = path.join(PROJECT_ROOT, 'test/fixtures/probes/kill-at-write.cjs')
const LIMIT_MS = 120_000 + COUNT * 3000
vi.setConfig({ testTimeout: LIMIT_MS })
const table: string[][] = []

let folder: ReturnType<typeof temporaryFolder>
let bundles: string
let system: TicketsServer
let settings: Record<string, string>

beforeEach(async () => {
  folder = temporaryFolder('faults')
  bundles = path.join(folder.path, 'bundles')
  mkdirSync(bundles)
  system = await TicketsServer.start()
  settings = {
    CONDUCTOR_STALL_DIR: bundles,
    CONDUCTOR_STALL_SINK_MODULE_NAME: TICKETS_SINK,
    CONDUCTOR_STALL_SINK_TO: 'module',
    TICKETS_URL: system.server.url,
  }
})
afterEach(async () => {
  await system.server.close()
  folder.remove()
})
afterAll(() => {
  if (process.env['SINK_FAULTS_COUNT'] === undefined) return
  const rows = [['fault', 'incidents', 'attempts', 'lost', 'doubled'], ...table]
  console.log(rows.map((row) => row.map((cell, at) => cell.padEnd(at === 0 ? 48 : 10)).join('')).join('\n'))
})

/** Each incident with a ticket of its own (causes differ): lost without one, doubled with two of anything. */
function judge(fault: string, ids: readonly string[], attempts: number): void {
  const lost = ids.filter((id) => !system.tickets.some((ticket) => isWhole(ticket, id)))
  const doubled = ids.filter((id) => {
    const its = system.tickets.filter(({ text }) => text.includes(`stall-${id.toLowerCase()}`))
    const names = its.flatMap(({ files }) => files.map(({ name }) => name))
    return its.length > 1 || names.length !== new Set(names).size || its.some(({ comments }) => comments.length > 0)
  })
  table.push([fault, ...[ids.length, attempts, lost.length, doubled.length].map(String)])
  expect({ fault, lost, doubled, strangers: system.tickets.length - ids.length }).toEqual({
    fault,
    lost: [],
    doubled: [],
    strangers: 0,
  })
}

function isWhole({ text, files }: TicketsServer['tickets'][number], id: string): boolean {
  const names = files.map(({ name }) => name)
  const wanted = ['tar.gz', 'report.md', 'report.html'].map((ending) => `${id}.${ending}`)
  return text.includes(`stall-${id.toLowerCase()}`) && wanted.every((name) => names.includes(name))
}

function different(count: number): string[] {
  return Array.from({ length: count }, (_, at) => stallBundle(bundles, `cause${at}`))
}

/** Until nothing waits; each run a process of its own. */
async function shipUntilDone(run: () => Promise<Ended>, most: number): Promise<number> {
  for (let attempt = 1; attempt <= most; attempt++) {
    const { code } = await run()
    if (code === 0) return attempt
  }
  throw new Error(`not done after ${most} attempts: ${readdirSync(path.join(bundles, 'outbox/orders')).join()}`)
}

test.each(['before', 'after'] as const)(
  'the delivery process killed at each of its requests, %s the server has done its work',
  async (when) => {
    const ids: string[] = []
    let killed = 0
    for (let turn = 1; turn <= 8; turn++) {
      const id = stallBundle(bundles, `cause${turn}`)
      ids.push(id)
      putOrder(bundles, id, null)
      const running = startNode([DELIVERY, '--deliver', bundles], settings)
      system.server.faults = [
        {
          nth: turn,
          when,
          act: () => {
            killed++
            running.child.kill('SIGKILL')
            return 'hang'
          },
        },
      ]
      await running.ended
      system.server.faults = []
      expect(await diag(['ship'], settings)).toMatchObject({ code: 0 })
    }
    // A search, the ticket, the archive, the report, the page: one request each.
    expect(killed).toBe(5)
    judge(`killed at each request, ${when} it is done`, ids, killed + ids.length)
  },
)

/**
 * In the suite some of the moments at which one state becomes the next. The whole of it has a claim that was written by
 * half, too, which the next one waits 90 s for.
 */
const KILLS = COUNT >= 1000 ? { stride: 1, calls: {} } : { stride: 5, calls: { KILL_CALLS: 'renameSync,unlinkSync' } }

test('the delivery process killed at each of its changes of the disk, the half of it written', async () => {
  const ordered = (name: string): { id: string; env: Record<string, string>; args: string[] } => {
    const own = path.join(folder.path, name)
    mkdirSync(own)
    const id = stallBundle(own, name)
    putOrder(own, id, null)
    const env = { ...settings, ...KILLS.calls, CONDUCTOR_STALL_DIR: own }
    return { id, env, args: ['--require', KILL_AT_WRITE, DELIVERY, '--deliver', own] }
  }
  const whole = ordered('whole')
  const { stderr, code } = await startNode(whole.args, whole.env).ended
  expect({ stderr, code }).toEqual({ stderr: expect.stringMatching(/^\d+\n$/) as string, code: 0 })
  const ids = [whole.id]
  const points = Array.from({ length: Math.ceil(Number(stderr) / KILLS.stride) }, (_, at) => 1 + at * KILLS.stride)
  expect(points.length).toBeGreaterThanOrEqual(4)
  const killAt = async (at: number): Promise<void> => {
    const { id, env, args } = ordered(`cause${at}`)
    ids.push(id)
    const { signal } = await startNode(args, { ...env, KILL_AT_WRITE: String(at) }).ended
    expect({ at, signal }).toEqual({ at, signal: 'SIGKILL' })
    expect(await diag(['ship'], env), `killed at ${at}`).toMatchObject({ code: 0 })
    expect(readdirSync(path.join(env['CONDUCTOR_STALL_DIR'] ?? '', 'outbox/orders'))).toEqual([])
  }
  while (points.length > 0) await Promise.all(points.splice(0, 4).map(killAt))
  judge('killed at each change of the disk, half done', ids, 2 * ids.length - 1)
})

test('the delivery process killed between its requests, at any moment', async () => {
  const ids = different(COUNT)
  // How many requests a process may make at most: a full outbox would take a thousand processes otherwise.
  const most = Math.max(7, Math.round(COUNT / 4))
  let at = 0
  for (const id of ids) putOrder(bundles, id, null)
  const attempts = await shipUntilDone(async () => {
    const running = startNode([DELIVERY, '--deliver', bundles], settings)
    at++
    // From the first request of this process on, a moment later each time.
    const before = system.server.received.length
    const kill = setInterval(() => {
      if (system.server.received.length > before + ((at * 37) % most)) running.child.kill('SIGKILL')
    }, at % 5)
    const ended = await running.ended
    clearInterval(kill)
    const left = readdirSync(path.join(bundles, 'outbox/orders')).length
    return { ...ended, code: left === 0 ? 0 : 1 }
  }, 400)
  judge('killed at any moment', ids, attempts)
})

test('several shippers on one outbox at once', async () => {
  const ids = different(COUNT)
  const ended = await Promise.all([1, 2, 3].map(async () => await diag(['ship', '--all'], settings)))
  expect(ended.map(({ code }) => code)).toEqual([0, 0, 0])
  judge('three shippers at once', ids, 3)
})

test('many of one cause: one ticket, all counted', async () => {
  const ids = Array.from({ length: COUNT }, () => stallBundle(bundles))
  const ended = await Promise.all([1, 2].map(async () => await diag(['ship', '--all'], settings)))
  expect(ended.map(({ code }) => code)).toEqual([0, 0])
  expect(system.tickets).toHaveLength(1)
  const causes = path.join(bundles, 'outbox/causes')
  const [cause] = readdirSync(causes).map((name) => JSON.parse(readFileSync(path.join(causes, name), 'utf8')) as object)
  expect(cause).toMatchObject({ count: ids.length })
  table.push(['one cause, two shippers', String(ids.length), '2', '0', String(system.tickets.length - 1)])
})

test('a destination that is down for an hour: asked once in a pass, delivered when the clock says so', async () => {
  const ids = different(COUNT)
  const { url } = system.server
  await diag(['ship', '--all'], { ...settings, TICKETS_URL: 'http://127.0.0.1:9' })
  const later = (ms: number): Record<string, string> => ({
    NODE_OPTIONS: `--require ${path.join(PROJECT_ROOT, 'test/fixtures/probes/clock-shift.cjs')}`,
    CLOCK_SHIFT_MS: String(ms),
  })
  // It was tried once, not once for each that waits, and is not asked again before its time.
  const waiting = await diag(['ship'], { ...settings, TICKETS_URL: 'http://127.0.0.1:9' })
  expect(waiting.code).toBe(69)
  for (const minutes of [10, 30, 50]) {
    expect(
      await diag(['ship'], { ...settings, TICKETS_URL: 'http://127.0.0.1:9', ...later(minutes * 60_000) }),
    ).toMatchObject({
      code: 69,
    })
  }
  expect(await diag(['ship'], { ...settings, TICKETS_URL: url, ...later(4 * 3_600_000) })).toMatchObject({ code: 0 })
  judge('down for an hour, clock moved', ids, 6)
})

/** Where a small file system can be mounted. */
function mountSmall(where: string, bytes: number): (() => void) | null {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', where], { stdio: 'ignore' })
    return () => execFileSync('umount', ['-l', where], { stdio: 'ignore' })
  } catch {
    return null
  }
}

test('a full disk: nothing is sent that could not be put down, all is delivered once there is room', async (context) => {
  const unmount = mountSmall(bundles, 2 * 2 ** 20)
  if (unmount === null) {
    context.skip('no file system can be mounted here')
    return
  }
  try {
    const ids = different(3)
    const ballast = path.join(bundles, 'ballast')
    execFileSync('sh', ['-c', `cat /dev/zero > ${ballast} 2>/dev/null || true`])
    const full = await diag(['ship', '--all'], settings)
    expect(full.code).not.toBe(0)
    expect(full.stderr).toContain('ERR_STALL_DISK_FULL')
    expect(system.tickets.length).toBeLessThanOrEqual(0)
    rmSync(ballast)
    expect(await diag(['ship', '--all'], settings)).toMatchObject({ code: 0 })
    judge('disk full, then room', ids, 2)
  } finally {
    unmount()
  }
})
