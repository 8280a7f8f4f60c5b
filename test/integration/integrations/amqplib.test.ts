/** Consumers of amqplib against a real RabbitMQ: what their clocks say while they are well, and while they are not. */
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest'
import { NODES, PROJECT_ROOT, type NodeBinary } from '../../support/nodes.js'
import { missingForRabbitMq, startRabbitMq, type RabbitMq } from '../../support/rabbitmq.js'
import { SdkWorker } from '../../support/sdk-worker.js'

const FOLDER = path.join(PROJECT_ROOT, 'test/queues')
const NAME = 'amqplib:invoices'
const missing = missingForRabbitMq()
const CELLS = [
  { library: 'amqplib', node: NODES.at(0) },
  { library: 'amqplib-0', node: NODES.at(-1) },
].flatMap(({ library, node }) => (node === undefined ? [] : [{ library, node }]))

describe.skipIf(missing !== null).each(CELLS)(
  `$library, Node $node.major${missing === null ? '' : ` (skipped: ${missing})`}`,
  ({ library, node }) => {
    let rabbit: RabbitMq
    beforeAll(async () => {
      rabbit = await startRabbitMq()
    }, 120_000)
    afterAll(() => rabbit.stop())

    const add = (what: string): void => {
      execFileSync(node.path, [path.join(FOLDER, 'add.cjs'), library, rabbit.url, what])
    }
    const begin = async (context: TestContext, what: string): Promise<SdkWorker> => {
      add('delete')
      const worker = startWorker(node, library, rabbit.url, what)
      context.onTestFinished(() => worker.end())
      await worker.until('a clock', () => worker.clock(NAME) !== undefined, 60_000)
      return worker
    }

    test('is at rest at an empty queue, works, and is at rest again', async (context) => {
      const worker = await begin(context, 'ok')
      expect(worker.last?.node).toBe(node.version)
      expect(worker.clock(NAME)).toMatchObject({ paused: true, slotsInUse: 0, slots: 2, ended: false })
      add('5')
      await worker.until('messages done', () => (worker.clock(NAME)?.beats ?? 0) >= 10, 60_000)
      await worker.until('at rest', () => worker.clock(NAME)?.paused === true && worker.clock(NAME)?.slotsInUse === 0)
      expect(worker.last?.tasks).toEqual([])
      expect(worker.clock(NAME)?.failuresInRow).toBe(0)
      worker.command('stop')
      await worker.until('no clock', () => worker.clock(NAME) === undefined)
      expect(worker.last?.hookFailures).toBeNull()
    }, 120_000)

    test.each(['never', 'forget'])(
      'holds what is never acknowledged in its slots, and beats for it: %s',
      async (what) => {
        const worker = startWorker(node, library, rabbit.url, what)
        try {
          await worker.until('a clock', () => worker.clock(NAME) !== undefined, 60_000)
          add('1')
          // With room for another one nothing is expected of it.
          await worker.until('a message in flight', () => worker.clock(NAME)?.slotsInUse === 1)
          expect(worker.clock(NAME)?.paused).toBe(true)
          add('3')
          await worker.until('full slots', () => worker.clock(NAME)?.slotsInUse === 2, 60_000)
          await worker.until('full for a while', () => (worker.clock(NAME)?.oldestTaskMs ?? 0) > 2500)
          expect(worker.clock(NAME)).toMatchObject({ paused: false, slotsInUse: 2, slots: 2 })
          expect(worker.clock(NAME)?.ageMs).toBeLessThan(2000)
          expect(worker.last?.tasks.map(({ taskId }) => taskId)).toEqual(['invoices#1', 'invoices#2'])
          expect(worker.last?.executes).toEqual(['handle', 'handle'])
          worker.command('pause')
          await worker.until('no clock of a consumer that was cancelled', () => worker.clock(NAME) === undefined)
          expect(worker.last?.hookFailures).toBeNull()
        } finally {
          await worker.end()
          add('delete')
        }
      },
      120_000,
    )

    test('is lost when the broker closes its channel, and at its end when nobody consumes again', async (context) => {
      const worker = await begin(context, 'twice')
      add('1')
      await worker.until('a failure', () => worker.clock(NAME)?.failuresInRow === 1)
      expect(worker.clock(NAME)).toMatchObject({ paused: false, ended: false })
      expect(worker.clock(NAME)?.lastError).toContain('406 (PRECONDITION')
      expect(worker.clock(NAME)?.expectedWaitMs).toBeGreaterThan(0)
      await worker.until('the end', () => worker.clock(NAME)?.ended === true, 60_000)
      expect(worker.last?.ended).toMatchObject([{ clock: NAME, cause: 'exception' }])
      expect(JSON.stringify(worker.last?.ended)).toContain('406 (PRECONDITION')
      expect(worker.last?.hookFailures).toBeNull()
    }, 120_000)

    test('is well again when it consumes on another channel', async (context) => {
      const worker = await begin(context, 'again')
      add('1')
      await worker.until('a failure', () => worker.clock(NAME)?.failuresInRow === 1)
      await worker.until(
        'consumes again',
        () => worker.clock(NAME)?.failuresInRow === 0 && worker.clock(NAME)?.paused === true,
      )
      expect(worker.last?.clocks.filter(({ name }) => name.startsWith('amqplib'))).toHaveLength(1)
      expect(worker.last?.hookFailures).toBeNull()
    }, 120_000)

    test('is lost when the broker cancels it', async (context) => {
      const worker = await begin(context, 'ok')
      add('delete')
      await worker.until('a failure', () => worker.clock(NAME)?.failuresInRow === 1)
      expect(worker.clock(NAME)?.lastError).toContain('the broker cancelled the consumer of invoices')
      expect(worker.last?.hookFailures).toBeNull()
    }, 120_000)

    test('is not at rest while the broker has blocked its connection', async (context) => {
      const worker = await begin(context, 'publish')
      rabbit.ctl('set_vm_memory_high_watermark', '0.00001')
      try {
        await worker.until('blocked', () => worker.clock(NAME)?.failuresInRow === 1, 60_000)
        expect(worker.clock(NAME)?.lastError).toContain('the broker has blocked this connection')
        const beats = worker.clock(NAME)?.beats ?? 0
        await worker.until('beats of our own timer', () => (worker.clock(NAME)?.beats ?? 0) > beats + 2)
        expect(worker.clock(NAME)?.paused).toBe(false)
      } finally {
        rabbit.ctl('set_vm_memory_high_watermark', '0.4')
      }
      await worker.until(
        'at rest',
        () => worker.clock(NAME)?.failuresInRow === 0 && worker.clock(NAME)?.paused === true,
      )
      expect(worker.last?.hookFailures).toBeNull()
    }, 120_000)
  },
)

function startWorker(node: NodeBinary, library: string, url: string, what: string): SdkWorker {
  const args = [library, url, what]
  return new SdkWorker(node, { kind: 'cjs', url: '', file: path.join(FOLDER, 'amqp-worker.cjs'), args })
}
