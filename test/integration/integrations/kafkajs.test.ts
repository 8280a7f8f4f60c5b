/** A consumer of kafkajs against a real broker: what its clock says while it is well, and while it is not. */
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { describe, expect, test, type TestContext } from 'vitest'
import { missingForKafka, startKafka, type Kafka } from '../../support/kafka.js'
import { NODES, PROJECT_ROOT, type NodeBinary } from '../../support/nodes.js'
import { SdkWorker } from '../../support/sdk-worker.js'

const FOLDER = path.join(PROJECT_ROOT, 'test/queues')
const NAME = 'kafkajs:invoices'
const missing = missingForKafka()
const [first, last] = [NODES.at(0), NODES.at(-1)]

/** A broker, and a consumer that has asked it. */
async function begin(
  { onTestFinished }: TestContext,
  node: NodeBinary | undefined,
  what: string,
): Promise<{ kafka: Kafka; worker: SdkWorker; add: (count: number) => void }> {
  if (node === undefined) throw new Error('no Node')
  const kafka = await startKafka()
  onTestFinished(() => kafka.stop())
  const args = ['kafkajs', kafka.url, what]
  const worker = new SdkWorker(node, { kind: 'cjs', url: '', file: path.join(FOLDER, 'worker.cjs'), args })
  onTestFinished(() => worker.end())
  await worker.until('a clock', () => (worker.clock(NAME)?.beats ?? 0) > 0, 90_000)
  const add = (count: number): void =>
    void execFileSync(node.path, [path.join(FOLDER, 'add.cjs'), 'kafkajs', kafka.url, String(count)])
  return { kafka, worker, add }
}

describe.skipIf(missing !== null).concurrent(`kafkajs${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  test(`beats, works, and is silent past its declared wait when the broker answers no more, Node ${last?.major}`, async (context) => {
    const { kafka, worker, add } = await begin(context, last, 'ok')
    add(3)
    const before = worker.clock(NAME)?.beats ?? 0
    await worker.until('polls again and again', () => (worker.clock(NAME)?.beats ?? 0) > before + 5, 60_000)
    await worker.until('idle', () => worker.last?.tasks.length === 0 && worker.clock(NAME)?.slotsInUse === 0, 60_000)
    expect(worker.clock(NAME)).toMatchObject({ failuresInRow: 0, slots: 1, ended: false })
    kafka.child.kill('SIGSTOP')
    await worker.until(
      'in flight past its declared wait',
      () => (worker.clock(NAME)?.inFlightMs ?? 0) > 4000 && worker.clock(NAME)?.expectedWaitMs === 0,
      60_000,
    )
    expect(worker.last?.hookFailures).toBeNull()
  }, 240_000)

  test(`keeps what never settles in its slot, and beats for it, Node ${first?.major}`, async (context) => {
    const { worker, add } = await begin(context, first, 'never')
    add(1)
    await worker.until('a job in flight for a while', () => (worker.clock(NAME)?.oldestTaskMs ?? 0) > 2500, 60_000)
    expect(worker.clock(NAME)).toMatchObject({ slotsInUse: 1, slots: 1 })
    expect(worker.last?.tasks.map(({ taskId }) => taskId)).toEqual(['invoices/0@0'])
    const beats = worker.clock(NAME)?.beats ?? 0
    await worker.until('beats of our own timer', () => (worker.clock(NAME)?.beats ?? 0) > beats + 2, 60_000)
    expect(worker.last?.hookFailures).toBeNull()
  }, 240_000)

  test(`is at its end when it crashes with an error that kafkajs does not try again, Node ${first?.major}`, async (context) => {
    const { worker, add } = await begin(context, first, 'crash')
    add(1)
    await worker.until('an ended clock', () => worker.clock(NAME)?.ended === true, 90_000)
    expect(worker.last?.ended).toMatchObject([{ clock: NAME, cause: 'exception' }])
    expect(JSON.stringify(worker.last?.ended)).toContain('no such invoice')
    expect(worker.last?.hookFailures).toBeNull()
  }, 240_000)
})
