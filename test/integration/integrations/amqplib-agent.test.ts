/** Consumers of amqplib with the whole agent inside: which of them are ended, and what is said of them inside and outside. */
import { afterAll, beforeAll, describe, test, type TestContext } from 'vitest'
import { NODES } from '../../support/nodes.js'
import { addJobs, QueueAgent } from '../../support/queue-agent.js'
import { missingForRabbitMq, startRabbitMq, type RabbitMq } from '../../support/rabbitmq.js'

const NAME = 'amqplib:invoices'
const LIBRARY = 'amqplib'
const SETTINGS = {
  CONDUCTOR_STALL_TASK_SECONDS: '2',
  CONDUCTOR_STALL_POLL_SUCCESS_WARN_SECONDS: '4',
  // Time enough for a look from outside before the end.
  CONDUCTOR_STALL_POLL_SUCCESS_TIMEOUT_SECONDS: '15',
  CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '15',
}
const missing = missingForRabbitMq()
const node = NODES.at(-1)

describe.skipIf(missing !== null || node === undefined)(
  `the agent in a consumer of amqplib${missing === null ? '' : ` (skipped: ${missing})`}`,
  () => {
    if (node === undefined) return
    let rabbit: RabbitMq
    beforeAll(async () => {
      rabbit = await startRabbitMq()
    }, 120_000)
    afterAll(() => rabbit.stop())

    const begin = async (context: TestContext, what: string): Promise<QueueAgent> => {
      addJobs(node, LIBRARY, rabbit.url, 'delete')
      return await join(context, what)
    }

    /** At the queue that is there: who deletes it cancels the consumers of those that are at it already. */
    const join = async ({ expect: its, onTestFinished }: TestContext, what: string): Promise<QueueAgent> => {
      const worker = new QueueAgent(node, ['amqp-worker.cjs', LIBRARY, rabbit.url, what], SETTINGS)
      onTestFinished(() => worker.end())
      await its.poll(() => worker.log, { timeout: 60_000 }).toContain('READY')
      return worker
    }

    const warned = async ({ expect: its }: TestContext, worker: QueueAgent): Promise<void> => {
      await its.poll(() => worker.incidents().length, { timeout: 60_000 }).toBeGreaterThan(0)
    }

    const held = (what: string, says: string): void => {
      test(`ends one whose messages are all held and none is acknowledged: ${what}`, async (context) => {
        const { expect: its } = context
        const worker = await begin(context, what)
        addJobs(node, LIBRARY, rabbit.url, '3')
        await warned(context, worker)
        its(worker.dump().verdicts[0]).toMatchObject({ kind: 'awaiting', cause: 'slots-exhausted' })
        its(await worker.exit, worker.log).toBe(70)
        const last = worker.incidents().at(-1)
        its(last?.stall).toMatchObject({ clock: NAME, trigger: 'poll-success', level: 'stall' })
        its(last?.verdicts[0]).toMatchObject({ kind: 'awaiting', cause: 'slots-exhausted', confidence: 'high' })
        its(last?.verdicts[0]?.summary).toContain(says)
        its(last?.verdicts[0]?.where?.file).toContain('amqp-worker.cjs')
      }, 120_000)
    }
    held('never', '2 tasks at handle')
    held('forget', '2 tasks of handle')

    test('ends one that is imported and connected over TLS, and leaves its twin with room alone', async (context) => {
      const { expect: its, onTestFinished } = context
      if (rabbit.tls === null) return context.skip('openssl')
      const settings = { ...SETTINGS, NODE_EXTRA_CA_CERTS: rabbit.tls.certificate }
      addJobs(node, LIBRARY, rabbit.url, 'delete')
      const full = new QueueAgent(node, ['amqp-worker.mjs', LIBRARY, rabbit.tls.url, 'never'], settings)
      onTestFinished(() => full.end())
      await its.poll(() => full.log, { timeout: 60_000 }).toContain('READY')
      addJobs(node, LIBRARY, rabbit.url, '2')
      its(await full.exit, full.log).toBe(70)
      const last = full.incidents().at(-1)
      its(last?.stall).toMatchObject({ clock: NAME, trigger: 'poll-success', level: 'stall' })
      its(last?.verdicts[0]).toMatchObject({ kind: 'awaiting', cause: 'slots-exhausted' })
      its(last?.verdicts[0]?.where?.file).toContain('amqp-worker.cjs')

      addJobs(node, LIBRARY, rabbit.url, 'delete')
      const idle = new QueueAgent(node, ['amqp-worker.mjs', LIBRARY, rabbit.tls.url, 'ok'], settings)
      onTestFinished(() => idle.end())
      await its.poll(() => idle.log, { timeout: 60_000 }).toContain('READY')
      addJobs(node, LIBRARY, rabbit.url, '1')
      await its.poll(() => idle.log, { timeout: 60_000 }).toContain('done 1')
      await new Promise((resolve) => setTimeout(resolve, 16_000))
      its(idle.incidents(), idle.log).toEqual([])
      its(idle.child.exitCode, idle.log).toBeNull()
    }, 180_000)

    test('ends one that was lost when nobody consumes again', async (context) => {
      const { expect: its } = context
      const worker = await begin(context, 'twice')
      addJobs(node, LIBRARY, rabbit.url, '1')
      await warned(context, worker)
      its(worker.dump().verdicts[0]).toMatchObject({ kind: 'ended', cause: 'exception' })
      its(await worker.exit, worker.log).toBe(70)
      const last = worker.incidents().at(-1)
      its(last?.stall).toMatchObject({ clock: NAME, level: 'stall' })
      its(last?.verdicts[0]).toMatchObject({ kind: 'ended', cause: 'exception', confidence: 'high' })
      its(last?.verdicts[0]?.summary).toContain('Channel closed by server: 406')
      its(last?.verdicts[0]?.summary).not.toContain('thrown at')
    }, 120_000)

    test('says that the broker has blocked one, and does not end it', async (context) => {
      const { expect: its } = context
      const worker = await begin(context, 'publish')
      rabbit.ctl('set_vm_memory_high_watermark', '0.00001')
      try {
        await warned(context, worker)
        its(JSON.stringify(worker.incidents()[0]?.verdicts[0])).toContain('the broker has blocked this connection')
        its(JSON.stringify(worker.dump().verdicts[0])).toContain('the broker has blocked this connection')
        await its.poll(() => worker.log, { timeout: 60_000 }).toContain('not ended')
        its(worker.child.exitCode, worker.log).toBeNull()
      } finally {
        rabbit.ctl('set_vm_memory_high_watermark', '0.4')
      }
    }, 120_000)

    test('says nothing of one at an empty queue, nor of one that connects again after the broker was away', async (context) => {
      const { expect: its } = context
      const idle = await begin(context, 'ok')
      const again = await join(context, 'reconnect')
      addJobs(node, LIBRARY, rabbit.url, '2')
      await new Promise((resolve) => setTimeout(resolve, 10_000))
      // It does not connect again: without its connection its loop has ended.
      its(idle.incidents(), idle.log).toEqual([])
      its(idle.child.exitCode, idle.log).toBeNull()
      await idle.end()
      rabbit.ctl('close_all_connections', 'for a test')
      await its.poll(() => again.log.split('READY').length, { timeout: 60_000 }).toBeGreaterThan(2)
      its(again.incidents(), again.log).toEqual([])
      its(again.child.exitCode, again.log).toBeNull()
    }, 120_000)
  },
)
