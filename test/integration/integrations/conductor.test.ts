import { describe, expect, test, type TestContext } from 'vitest'
import { startConductorServer, type ConductorServer, type ServerOptions } from '../../support/conductor-server.js'
import { NODES, type NodeBinary } from '../../support/nodes.js'
import { SdkWorker, type ModuleKind } from '../../support/sdk-worker.js'

// Of the test's own context: with tests side by side the global one belongs to whichever test runs.
type Finished = TestContext['onTestFinished']

interface Line {
  readonly node: NodeBinary
  readonly kind: ModuleKind
}

async function serve(onTestFinished: Finished, options: ServerOptions): Promise<ConductorServer> {
  const server = await startConductorServer(options)
  onTestFinished(() => server.stop())
  return server
}

function start(
  onTestFinished: Finished,
  { node, kind }: Line,
  server: ConductorServer,
  env: Record<string, string>,
): SdkWorker {
  const worker = new SdkWorker(node, { kind, url: server.url, env })
  onTestFinished(() => worker.end())
  return worker
}

async function work(
  onTestFinished: Finished,
  line: Line,
  server: ConductorServer,
  env: Record<string, string> = {},
): Promise<SdkWorker> {
  const worker = start(onTestFinished, line, server, env)
  await worker.until('its first line', () => worker.last !== undefined)
  expect(worker.last?.node).toBe(line.node.version)
  return worker
}

/** Failures of our own hooks are swallowed in a worker, so each test asks for them; and Node must have no complaint. */
function expectNoHarm(worker: SdkWorker): void {
  expect(worker.last?.hookFailures).toBeNull()
  expect(worker.errors).toBe('')
}

const BOTH: readonly ModuleKind[] = ['cjs', 'mjs']
const EACH = NODES.flatMap((node) => BOTH.map((kind) => ({ name: `Node ${node.major}, ${kind}`, node, kind })))
/** For what does not depend on how the SDK was loaded: each line once, both kinds in turn. */
const TURNS = NODES.map((node, i) => ({ name: `Node ${node.major}`, node, kind: BOTH[i % 2] ?? 'cjs' }))

// Mostly waiting, so side by side.
describe.concurrent.each(EACH)('$name', (line) => {
  test('beats, counts slots, follows tasks, pause, stop and start', async ({ onTestFinished }) => {
    const server = await serve(onTestFinished, { mode: 'ok' })
    const worker = await work(onTestFinished, line, server, {
      POLL_INTERVAL: '20',
      EXECUTE: 'slow:400',
      CONCURRENCY: '2',
    })
    await worker.until('beats and answers', () => (worker.clock()?.beats ?? 0) > 10)
    expect(worker.clock()).toMatchObject({ kind: 'poll-loop', slotsInUse: 0, slots: 2, failuresInRow: 0, ended: false })
    expect(worker.last?.clocks).toHaveLength(1)

    await server.enqueue('demo', { count: 2, responseTimeoutSeconds: 7 })
    await worker.until('both slots in use', () => worker.clock()?.slotsInUse === 2)
    expect(worker.last?.tasks.map((task) => task.taskId).toSorted()).toEqual(['task-1', 'task-2'])
    expect(worker.last?.tasks[0]?.responseTimeoutMs).toBe(7000)
    expect(worker.last?.promises).toEqual([true, true])
    expect(worker.last?.executes).toEqual(['execute', 'execute'])
    await worker.until('slots free again', () => worker.clock()?.slotsInUse === 0 && worker.last?.tasks.length === 0)
    expect((await server.state()).completed).toHaveLength(2)

    worker.command('pause')
    await worker.until('paused', () => worker.clock()?.paused === true)
    worker.command('resume')
    await worker.until('resumed', () => worker.clock()?.paused === false)
    worker.command('stop')
    await worker.until('no clock of a stopped poller', () => worker.last?.clocks.length === 0)
    worker.command('start')
    await worker.until('a clock again', () => (worker.clock()?.beats ?? 0) > 3)
    expectNoHarm(worker)
  })

  test('sees the first poll in flight although it is never answered', async ({ onTestFinished }) => {
    const server = await serve(onTestFinished, { mode: 'poll-hang' })
    const worker = await work(onTestFinished, line, server)
    await worker.until('in flight for a while', () =>
      (worker.last?.clocks ?? []).some((clock) => (clock.inFlightMs ?? 0) > 300 && clock.lastSuccessMs === null),
    )
    expect(worker.last?.clocks[0]?.name).toMatch(/^conductor:demo/)
    expect(worker.last?.clocks[0]?.ageMs).toBeGreaterThan(300)
    expectNoHarm(worker)
  })
})

describe.concurrent.each(TURNS)('$name', (line) => {
  test('counts an error status as an answer, and no answer as a failure', async ({ onTestFinished }) => {
    const server = await serve(onTestFinished, { mode: '503' })
    const worker = await work(onTestFinished, line, server, { CONDUCTOR_REQUEST_TIMEOUT_MS: '200' })
    await worker.until('answered with 503', () => (worker.clock()?.beats ?? 0) > 3)
    expect(worker.clock()?.failuresInRow).toBe(0)
    expect(worker.clock()?.lastSuccessMs).toBeLessThan(5000)
    await server.setMode('body-hang')
    await worker.until('failures', () => (worker.clock()?.failuresInRow ?? 0) >= 2)
    expect(worker.clock()?.lastSuccessMs).toBeGreaterThan(200)
    await server.setMode('ok')
    await worker.until('answered again', () => worker.clock()?.failuresInRow === 0)
    expectNoHarm(worker)
  })

  test('counts updates that bring the next task as answers', async ({ onTestFinished }) => {
    const server = await serve(onTestFinished, { mode: 'update-feeds-next-task' })
    const worker = await work(onTestFinished, line, server, { EXECUTE: 'slow:100' })
    await worker.until('several tasks', () => worker.last?.tasks[0]?.taskId === 'task-5')
    // One slot, never free: the loop beats and does not poll.
    expect((await server.state()).polls).toBe(1)
    const oldest = Math.max(...worker.lines.slice(-20).map((line) => line.clocks[0]?.lastSuccessMs ?? 0))
    expect(oldest).toBeLessThan(2000)
    expect(worker.clock()?.slotsInUse).toBe(1)
    expectNoHarm(worker)
  })

  test('keeps a task in flight whose promise never settles, while the loop beats', async ({ onTestFinished }) => {
    const server = await serve(onTestFinished, { mode: 'ok' })
    await server.enqueue('demo', { responseTimeoutSeconds: 1 })
    const worker = await work(onTestFinished, line, server, { EXECUTE: 'never' })
    await worker.until('older than its time-out', () => (worker.clock()?.oldestTaskMs ?? 0) > 1000)
    expect(worker.clock()).toMatchObject({ slotsInUse: 1, slots: 1, responseTimeoutMs: 1000 })
    expect(worker.clock()?.ageMs).toBeLessThan(1000)
    expectNoHarm(worker)
  })

  test('keeps a slot that the SDK lost: onError threw', async ({ onTestFinished }) => {
    const server = await serve(onTestFinished, { mode: 'ok' })
    await server.enqueue('demo')
    const worker = await work(onTestFinished, line, server, {
      API: 'manager',
      EXECUTE: 'throw',
      ON_ERROR: 'throw',
      SWALLOW: '1',
    })
    await worker.until('the slot in use', () => worker.clock()?.slotsInUse === 1)
    const { beats = 0 } = worker.clock() ?? {}
    await worker.until('ten more beats', () => (worker.clock()?.beats ?? 0) > beats + 10)
    expect(worker.clock()).toMatchObject({ slotsInUse: 1, ended: false })
    expect(worker.last?.tasks).toHaveLength(1)
    expectNoHarm(worker)
  })

  test('tells a loop that was lost, and why', async ({ onTestFinished }) => {
    const server = await serve(onTestFinished, { mode: 'ok' })
    const worker = await work(onTestFinished, line, server, { LOGGER: 'throw', SWALLOW: '1' })
    await worker.until('beats', () => (worker.clock()?.beats ?? 0) > 2)
    await server.setMode('503')
    await worker.until('ended', () => worker.clock()?.ended === true)
    expect(worker.last?.ended).toMatchObject([
      { clock: 'conductor:demo', cause: 'exception', errorName: 'Error', errorMessage: 'the logger threw' },
    ])
    expect(worker.last?.ended[0]?.errorStack).toContain('run-worker.cjs')
    expectNoHarm(worker)
  })

  test('leaves it to Node to end a process whose loop rejects and that swallows nothing', async ({
    expect: its,
    onTestFinished,
  }) => {
    const server = await serve(onTestFinished, { mode: '503' })
    const worker = start(onTestFinished, line, server, { LOGGER: 'throw' })
    await its.poll(() => worker.child.exitCode, { timeout: 15_000 }).toBe(1)
    expect(worker.errors).toContain('the logger threw')
  })

  test('falls silent when an event listener never settles', async ({ onTestFinished }) => {
    const server = await serve(onTestFinished, { mode: 'ok' })
    const worker = await work(onTestFinished, line, server, { LISTENER: 'hang' })
    await worker.until('silent', () => (worker.clock()?.ageMs ?? 0) > 1000)
    expect(worker.clock()?.inFlightMs).toBeGreaterThan(500)
    expectNoHarm(worker)
  })

  test('takes a long poll for a declared wait', async ({ onTestFinished }) => {
    const server = await serve(onTestFinished, { mode: 'long-poll', holdMs: 60_000 })
    const worker = await work(onTestFinished, line, server, { API: 'manager', POLL_TIMEOUT: '30000' })
    await worker.until('a poll in flight', () => (worker.last?.clocks[0]?.inFlightMs ?? 0) > 200)
    expect(worker.last?.clocks[0]?.expectedWaitMs).toBeGreaterThan(20_000)
    expectNoHarm(worker)
  })

  test('works over HTTP/2 and TLS', async ({ onTestFinished }) => {
    const server = await serve(onTestFinished, { mode: 'ok', tls: true })
    const worker = await work(onTestFinished, line, server)
    await worker.until('beats', () => (worker.clock()?.beats ?? 0) > 3)
    expect((await server.requests())[0]?.httpVersion).toBe('2.0')
    expect(worker.clock()?.failuresInRow).toBe(0)
    expectNoHarm(worker)
  })
})
