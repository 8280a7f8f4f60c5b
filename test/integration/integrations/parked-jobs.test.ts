/** Where the job in a queue's slot is parked: named by the await itself, and left alone where it gets on. */
import { describe, test, type TestContext } from 'vitest'
import { NODES, type NodeBinary } from '../../support/nodes.js'
import { addJobs, QueueAgent } from '../../support/queue-agent.js'
import { HAS_REDIS, startRedis } from '../../support/redis.js'

const SETTINGS = {
  CONDUCTOR_STALL_TASK_SECONDS: '2',
  CONDUCTOR_STALL_POLL_SUCCESS_WARN_SECONDS: '4',
  CONDUCTOR_STALL_POLL_SUCCESS_TIMEOUT_SECONDS: '60',
  CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '60',
}
const LIBRARIES = ['bullmq', 'bullmq-6'].flatMap((library, i) => {
  const node = NODES.at(i === 0 ? 0 : -1)
  return node === undefined ? [] : [{ library, node }]
})

describe.skipIf(!HAS_REDIS).each(LIBRARIES)('a job of $library, Node $node.major', ({ library, node }) => {
  test('that stands still is told with the line where it waits', async (context) => {
    const { expect: its } = context
    const [verdict] = await verdictsOf(context, node, library, 'slow:600000')
    its(verdict).toMatchObject({ kind: 'awaiting', cause: 'slots-exhausted', confidence: 'high' })
    its(verdict?.summary).toMatch(/: 1 task at handle \(worker\.cjs:8\), waiting for timer/)
    its(verdict?.where).toMatchObject({ function: 'handle', line: 8 })
  }, 120_000)

  test('that was handed on with `return` is told where it waits now, and as left alone never', async (context) => {
    const { expect: its } = context
    const [returned] = await verdictsOf(context, node, library, 'returned')
    its(returned?.summary).toMatch(/: 1 task at later \(worker\.cjs:\d+\), waiting for timer/)
    // A promise that no function is behind: where it began is all that is known of it.
    const [handed] = await verdictsOf(context, node, library, 'handed')
    its(handed?.summary).toMatch(/: 1 task of handle \(worker\.cjs:\d+\)/)
    its(handed?.summary).not.toContain('nothing is left')
  }, 120_000)

  test('that nothing can settle is told as left alone', async (context) => {
    const [verdict] = await verdictsOf(context, node, library, 'never')
    // Whichever comes first, the collector or the look.
    context.expect(verdict?.summary).toMatch(/of which nothing is left in memory|which nothing alive can settle/)
  }, 120_000)

  test('that works in steps is at work, however long it takes', async (context) => {
    const verdicts = await verdictsOf(context, node, library, 'steps')
    const causes = verdicts.map(({ kind, cause }) => `${kind}/${cause}`)
    context.expect(causes).not.toContain('awaiting/slots-exhausted')
  }, 120_000)
})

async function verdictsOf(
  { expect: its, onTestFinished }: TestContext,
  node: NodeBinary,
  library: string,
  what: string,
) {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const worker = new QueueAgent(node, ['worker.cjs', library, redis.url, what], SETTINGS)
  onTestFinished(() => worker.end())
  await its.poll(() => worker.log, { timeout: 60_000 }).toContain('READY')
  addJobs(node, library, redis.url, '2')
  await its.poll(() => worker.incidents().length, { timeout: 60_000 }).toBeGreaterThan(0)
  return worker.incidents()[0]?.verdicts ?? []
}
