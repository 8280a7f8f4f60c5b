/** Workers of bull and bullmq against a real Redis: what their clocks say while they are well and while they are not. */
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { NODES, PROJECT_ROOT } from '../../support/nodes.js'
import { HAS_REDIS, startRedis } from '../../support/redis.js'
import { SdkWorker } from '../../support/sdk-worker.js'

const FOLDER = path.join(PROJECT_ROOT, 'test/queues')
const LIBRARIES = ['bull', 'bullmq', 'bullmq-6'].flatMap((library, i) => {
  const node = NODES[i % NODES.length]
  return node === undefined ? [] : [{ library, node, name: `${library === 'bull' ? 'bull' : 'bullmq'}:invoices` }]
})

describe.skipIf(!HAS_REDIS).concurrent.each(LIBRARIES)('$library, Node $node.major', ({ library, node, name }) => {
  const start = (url: string, what: string): SdkWorker =>
    new SdkWorker(node, { kind: 'cjs', url: '', file: path.join(FOLDER, 'worker.cjs'), args: [library, url, what] })
  const add = (url: string, count: number): void =>
    void execFileSync(node.path, [path.join(FOLDER, 'add.cjs'), library, url, String(count)])

  test('beats, works and waits for a job without being silent', async ({ onTestFinished }) => {
    const redis = await startRedis()
    onTestFinished(() => redis.stop())
    const worker = start(redis.url, 'ok')
    onTestFinished(() => worker.end())
    await worker.until('a clock', () => (worker.clock(name)?.beats ?? 0) > 0)
    expect(worker.last?.node).toBe(node.version)
    add(redis.url, 3)
    await worker.until('three jobs done', () => (worker.clock(name)?.beats ?? 0) > 6)
    await worker.until('idle again', () => worker.clock(name)?.slotsInUse === 0 && worker.last?.tasks.length === 0)
    await worker.until('a request in flight, declared', () => (worker.clock(name)?.expectedWaitMs ?? 0) > 2000)
    expect(worker.clock(name)).toMatchObject({ failuresInRow: 0, slots: 1, ended: false })
    expect(worker.last?.hookFailures).toBeNull()
  })

  test('keeps a job that never settles in its slot, and beats for the full slots', async ({ onTestFinished }) => {
    const redis = await startRedis()
    onTestFinished(() => redis.stop())
    const worker = start(redis.url, 'never')
    onTestFinished(() => worker.end())
    await worker.until('a clock', () => worker.clock(name) !== undefined)
    add(redis.url, 1)
    await worker.until('a job in flight for a while', () => (worker.clock(name)?.oldestTaskMs ?? 0) > 2500)
    expect(worker.clock(name)).toMatchObject({ slotsInUse: 1, slots: 1 })
    expect(worker.clock(name)?.ageMs).toBeLessThan(2000)
    expect(worker.last?.tasks.map((task) => task.taskId)).toEqual(['1'])
    expect(worker.last?.hookFailures).toBeNull()
  })

  test('falls silent when Redis answers no more', async ({ onTestFinished }) => {
    const redis = await startRedis()
    onTestFinished(() => redis.stop())
    const worker = start(redis.url, 'ok')
    onTestFinished(() => worker.end())
    await worker.until('a clock', () => (worker.clock(name)?.beats ?? 0) > 0)
    redis.child.kill('SIGSTOP')
    await worker.until(
      'in flight past its declared wait',
      () => {
        const clock = worker.clock(name)
        return (clock?.inFlightMs ?? 0) > 10_500 && clock?.expectedWaitMs === 0
      },
      30_000,
    )
    redis.child.kill('SIGCONT')
  })
})
