/**
 * Two wedges of bullmq's workers that their users reported, with the releases that have them, against a real Redis: named from
 * inside and from outside, and ended for. Beside each the same trouble where the worker gets over it by itself.
 */
import { describe, test, type TestContext } from 'vitest'
import { startLosingProxy, type LosingProxy } from '../../support/losing-proxy.js'
import { NODES, type NodeBinary } from '../../support/nodes.js'
import { addJobs, QueueAgent } from '../../support/queue-agent.js'
import { HAS_REDIS, startRedis, type Redis } from '../../support/redis.js'

/** Time enough for a look from outside before the end. */
const LATER = { CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '20' }
/** bullmq tries again after 1 s, 3 s, 7 s and then every 20 s: twice as long, and time to spare. */
const PATIENT = { CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '60' }
const [OLDEST, NEWEST] = [NODES.at(0), NODES.at(-1)]

interface Begun {
  readonly redis: Redis
  readonly worker: QueueAgent
}

async function begin(
  { expect: its, onTestFinished }: TestContext,
  node: NodeBinary,
  library: string,
  of: { env?: Readonly<Record<string, string>>; through?: (redis: Redis) => Promise<string> } = {},
): Promise<Begun> {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const url = (await of.through?.(redis)) ?? redis.url
  const worker = new QueueAgent(node, ['worker.cjs', library, url, 'ok'], { ...LATER, ...of.env })
  onTestFinished(() => worker.end())
  await its.poll(() => worker.log, { timeout: 60_000 }).toContain('READY')
  await its.poll(() => worker.log, { timeout: 60_000 }).toContain('"event":"watching"')
  return { redis, worker }
}

/** A Redis that is away until the worker's silence was reported, which is longer than bullmq blocks for. */
async function outage({ expect: its, onTestFinished }: TestContext, { redis, worker }: Begun): Promise<void> {
  await redis.stop()
  await its.poll(() => worker.incidents().length, { timeout: 60_000 }).toBeGreaterThan(0)
  const again = await startRedis(redis.port)
  onTestFinished(() => again.stop())
}

describe.skipIf(!HAS_REDIS || OLDEST === undefined || NEWEST === undefined)('wedges of bullmq', () => {
  if (OLDEST === undefined || NEWEST === undefined) return

  test(`names a client of 6.1.2 that nobody connects again after an outage, and ends for it, Node ${NEWEST.major}`, async (context) => {
    const { expect: its } = context
    const begun = await begin(context, NEWEST, 'bullmq-6')
    const { redis, worker } = begun
    await outage(context, begun)
    addJobs(NEWEST, 'bullmq-6', redis.url, '1')
    const [outside] = worker.dump().verdicts
    its(outside).toMatchObject({ kind: 'awaiting', cause: 'not-connected' })
    its(outside?.summary).toContain('reconnecting, and no attempt to connect is under way or planned')
    its(await worker.exit, worker.log).toBe(70)
    const inside = worker.incidents().at(-1)
    its(inside?.stall).toMatchObject({ clock: 'bullmq:invoices', trigger: 'loop-silence', level: 'stall' })
    its(inside?.verdicts[0]).toMatchObject({ kind: 'awaiting', cause: 'not-connected' })
    its(inside?.verdicts[0]?.summary).toContain('reconnecting, and no attempt to connect is under way or planned')
    its(worker.log).not.toContain('done 1')
  }, 180_000)

  test(`does not end for the same outage where the client is connected again: 5.81.3, Node ${OLDEST.major}`, async (context) => {
    const { expect: its } = context
    const begun = await begin(context, OLDEST, 'bullmq', { env: PATIENT })
    const { redis, worker } = begun
    await outage(context, begun)
    addJobs(OLDEST, 'bullmq', redis.url, '1')
    await its.poll(() => worker.log, { timeout: 60_000 }).toContain('done 1')
    its(worker.child.exitCode, worker.log).toBeNull()
    for (const { verdicts } of worker.incidents()) its(verdicts[0]?.summary).not.toContain('no attempt to connect')
  }, 180_000)

  test(`says nothing of an outage that is shorter than a poll: 6.1.2, Node ${NEWEST.major}`, async (context) => {
    const { expect: its } = context
    const { redis, worker } = await begin(context, NEWEST, 'bullmq-6')
    await redis.stop()
    const again = await startRedis(redis.port)
    context.onTestFinished(() => again.stop())
    addJobs(NEWEST, 'bullmq-6', redis.url, '1')
    await its.poll(() => worker.log, { timeout: 60_000 }).toContain('done 1')
    // Longer than it would take to be warned of.
    await new Promise((resolve) => setTimeout(resolve, 14_000))
    its(worker.incidents(), worker.log).toEqual([])
    its(worker.child.exitCode, worker.log).toBeNull()
  }, 120_000)

  /** The answer that wakes the worker is lost, and with it the mark in Redis that there is a job. */
  async function losing(
    context: TestContext,
    node: NodeBinary,
    options: Readonly<Record<string, unknown>>,
  ): Promise<QueueAgent> {
    let proxy: LosingProxy | undefined
    const { redis, worker } = await begin(context, node, 'bullmq', {
      env: { REDIS_OPTIONS: JSON.stringify(options) },
      through: async ({ port }) => {
        proxy = await startLosingProxy(port)
        return `redis://127.0.0.1:${proxy.port}`
      },
    })
    context.onTestFinished(() => proxy?.close())
    proxy?.lose()
    addJobs(node, 'bullmq', redis.url, '1')
    proxy?.reset()
    return worker
  }

  test(`names a command of 5.81.3 that is sent again with each connection, and ends for it, Node ${OLDEST.major}`, async (context) => {
    const { expect: its } = context
    const worker = await losing(context, OLDEST, { socketTimeout: 3000 })
    await its.poll(() => worker.incidents().length, { timeout: 60_000 }).toBeGreaterThan(0)
    const [outside] = worker.dump().verdicts
    its(['socket-reply', 'not-connected']).toContain(outside?.cause)
    its(outside?.summary).toContain('bzpopmin, which the server answers after 5 s at the latest')
    its(await worker.exit, worker.log).toBe(70)
    const inside = worker.incidents().at(-1)
    its(inside?.stall).toMatchObject({ clock: 'bullmq:invoices', trigger: 'loop-silence', level: 'stall' })
    its(['socket-reply', 'not-connected']).toContain(inside?.verdicts[0]?.cause)
    its(inside?.verdicts[0]?.signs.join('\n')).toContain('though its own time-out is 5 s')
    its(worker.log).not.toContain('done 1')
  }, 180_000)

  test(`says nothing where it gets over the same loss: 5.81.3 without a socket time-out, Node ${OLDEST.major}`, async (context) => {
    const { expect: its } = context
    const worker = await losing(context, OLDEST, {})
    await its.poll(() => worker.log, { timeout: 60_000 }).toContain('done 1')
    its(worker.incidents(), worker.log).toEqual([])
    its(worker.child.exitCode, worker.log).toBeNull()
  }, 120_000)
})
