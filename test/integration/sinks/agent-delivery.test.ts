/** The agent delivers: a stalled worker ends at once, and its incident arrives all the same. */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { temporaryFolder } from '../../support/incidents.js'
import { NODES, PROGRAMS } from '../../support/nodes.js'
import { FAST, RunningWorker, runWorker, type WorkerOptions } from '../../support/run-worker.js'
import { ContractServer, type Received } from '../../support/sinks/contract-server.js'
import { diag } from '../../support/sinks/outbox-run.js'
import { Supervised } from '../../support/supervised.js'

const [oldest] = NODES
const newest = NODES.at(-1)
if (!oldest || !newest) throw new Error('no Node binaries')

let folder: ReturnType<typeof temporaryFolder>
let bundles: string
let hook: ContractServer
let answer: (request: Received) => { status: number }

beforeEach(async () => {
  folder = temporaryFolder('agent-delivery')
  bundles = path.join(folder.path, 'bundles')
  mkdirSync(bundles)
  answer = () => ({ status: 200 })
  hook = await ContractServer.start((request) => answer(request))
})
afterEach(async () => {
  await hook.close()
  folder.remove()
})

const wedged = (more: Partial<WorkerOptions> = {}): WorkerOptions => ({
  node: oldest,
  program: 'agent-worker.cjs',
  args: ['loop'],
  dir: bundles,
  ...more,
  env: {
    ...FAST,
    CONDUCTOR_STALL_SINK_TO: 'webhook',
    CONDUCTOR_STALL_SINK_WEBHOOK_URL: hook.url,
    ...more.env,
  },
})

async function until<T>(what: string, look: () => T | null | undefined | false, limitMs = 30_000): Promise<T> {
  const deadline = performance.now() + limitMs
  for (;;) {
    const found = look()
    if (found) return found
    if (performance.now() > deadline) throw new Error(`no ${what} within ${limitMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const orders = (): string[] => readdirSync(path.join(bundles, 'outbox/orders'))

test.each([oldest, newest])(
  'a worker that is ended with 70 leaves a delivery that outlives it (Node $major)',
  async (node) => {
    const result = await runWorker(wedged({ node }))
    expect(result.code, result.stderr).toBe(70)
    const [event] = await until('event', () => hook.received.length > 0 && hook.received)
    expect(JSON.parse(event!.body.toString())).toMatchObject({ subject: result.incidents[0]?.id })
    await until('end of the order', () => orders().length === 0)
    // No word of it on the worker's own output.
    expect(result.stdout).toBe('ready\n')
  },
)

test('what could not be delivered is delivered by the next start, told once, and shown by ls and doctor', async () => {
  answer = () => ({ status: 503 })
  const first = await runWorker(wedged())
  expect(first.code).toBe(70)
  await until('attempts', () => hook.received.length >= 3)
  const settings = { CONDUCTOR_STALL_DIR: bundles, CONDUCTOR_STALL_SINK_WEBHOOK_URL: hook.url }
  await until('state', () => readdirSync(path.join(bundles, 'outbox/states')).length > 0)
  const listed = await diag(['ls'], settings)
  expect(listed.stdout).toMatch(/webhook -> waiting/)
  const log = readFileSync(path.join(bundles, 'outbox/delivery.log'), 'utf8')
  expect(log.match(/answered 503/g)).toHaveLength(1)
  answer = () => ({ status: 200 })
  const before = hook.received.length
  await diag(['ship'], { ...settings, CONDUCTOR_STALL_SINK_TO: 'webhook' })
  const healthy = new RunningWorker(wedged({ args: ['healthy'], env: { TEST_RUN_MS: '2000' } }))
  await until('delivery', () => hook.received.length > before && orders().length === 0, 60_000)
  await healthy.result
})

/** Delivery processes of this outbox, and what is about to start one: its folder stands in their command line. */
function deliverers(): number[] {
  const isOurs = (pid: string): boolean => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(bundles)
    } catch {
      // Gone since it was listed.
      return false
    }
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isOurs(name))
    .map(Number)
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself.
  }
}

test('what an earlier run left in the outbox is delivered by the next one', async () => {
  const settings = {
    ...FAST,
    CONDUCTOR_STALL_DIR: bundles,
    CONDUCTOR_STALL_SINK_TO: 'webhook',
    CONDUCTOR_STALL_SINK_WEBHOOK_URL: hook.url,
  }
  // Its deliveries hang in their requests, and go down with its container, say.
  const always = Array.from({ length: 50 }, (_, at) => at + 1)
  hook.faults = always.map((nth) => ({ nth, when: 'before' as const, act: () => 'hang' as const }))
  const hung = hook.hung()
  const run = [oldest.path, path.join(PROGRAMS, 'agent-worker.cjs'), 'loop']
  const first = new Supervised(oldest.path, ['--no-restart', '--', ...run], settings)
  expect((await first.exit)[0]).toBe(70)
  await hung
  await until('end of its deliveries', () => {
    const left = deliverers()
    for (const pid of left) endProcess(pid)
    return left.length === 0
  })
  const [order, ...more] = orders()
  expect([more, hook.received]).toEqual([[], []])
  hook.faults = []

  // A command that is no Node has no agent in it, which would deliver at its start.
  const second = new Supervised(oldest.path, ['--no-restart', '--', '/bin/true'], settings)
  expect((await second.exit)[0]).toBe(0)
  await until('delivery', () => orders().length === 0 && deliverers().length === 0, 60_000)
  const told = hook.received.map(({ body }) => (JSON.parse(body.toString()) as { subject: string }).subject)
  expect(told.map((incident) => `${incident}.json`)).toEqual([order])
}, 180_000)

test('a program and a package are found from where the worker runs', async () => {
  const app = path.join(folder.path, 'app')
  const installed = path.join(app, 'node_modules/acme-sink')
  mkdirSync(installed, { recursive: true })
  const told = path.join(folder.path, 'told')
  writeFileSync(
    path.join(installed, 'index.js'),
    `exports.openSink = () => ({
      kind: 'message',
      send: async ({ incident }) => {
        require('node:fs').writeFileSync(${JSON.stringify(`${told}-module`)}, incident)
        return { ref: 'T-1', url: null }
      },
      check: async () => [],
    })`,
  )
  writeFileSync(path.join(app, 'tell.sh'), `#!/bin/sh\ncat > ${told}-exec\n`, { mode: 0o755 })
  const worker = new RunningWorker(
    wedged({
      wrap: ['/bin/sh', '-c', 'cd "$0" && exec "$@"', app],
      env: {
        CONDUCTOR_STALL_SINK_TO: 'module,exec',
        CONDUCTOR_STALL_SINK_MODULE_NAME: 'acme-sink',
        CONDUCTOR_STALL_SINK_EXEC_COMMAND: './tell.sh',
      },
    }),
  )
  const { code, incidents, stderr } = await worker.result
  expect(code, stderr).toBe(70)
  await until('deliveries', () => existsSync(`${told}-module`) && existsSync(`${told}-exec`))
  expect(readFileSync(`${told}-module`, 'utf8')).toBe(incidents[0]?.id)
})

test('leaves no zombie and no process of its own beside a worker that goes on', async () => {
  const worker = new RunningWorker(
    wedged({ args: ['loop'], env: { CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '0' } }),
  )
  await until('event', () => hook.received.length > 0)
  await until('end of the order', () => orders().length === 0)
  const children = (): string => readFileSync(`/proc/${worker.child.pid}/task/${worker.child.pid}/children`, 'utf8')
  const threads = readdirSync(`/proc/${worker.child.pid}/task`)
  const all = threads.map((tid) => readFileSync(`/proc/${worker.child.pid}/task/${tid}/children`, 'utf8')).join('')
  expect(children() + all).toBe('')
  worker.child.kill('SIGKILL')
  await worker.result
})

test('asked for by hand, an incident goes nowhere by itself', async () => {
  const result = await runWorker(wedged({ args: ['healthy'], env: { TEST_RUN_MS: '3000' } }))
  expect(result.code).toBe(0)
  expect(hook.received).toEqual([])
})
