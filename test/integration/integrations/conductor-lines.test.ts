/** Every line of the SDK, and the `agents` entry point of 4.0.0, as CommonJS and as an ES module. */
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { startConductorServer } from '../../support/conductor-server.js'
import { NODES } from '../../support/nodes.js'
import { SdkWorker, SDK_FOLDER, type ModuleKind, type SdkWorkerOptions } from '../../support/sdk-worker.js'

interface Line {
  readonly name: string
  readonly kind: ModuleKind
  readonly options: Pick<SdkWorkerOptions, 'sdk' | 'file'>
  /** Each line on a Node of its own, in turn: what differs between Nodes is tested with 4.0.0. */
  readonly node: (typeof NODES)[number]
}

const SDKS = ['0.0.11', '1.2.3', '2.4.1', '3.1.0', 'agents']
const LINES: Line[] = SDKS.flatMap((sdk, i) =>
  (['cjs', 'mjs'] as const).flatMap((kind, k) => {
    const node = NODES[(i + 2 * k) % NODES.length]
    if (node === undefined) return []
    const options = sdk === 'agents' ? { file: path.join(SDK_FOLDER, `agents.${kind}`) } : { sdk }
    return [{ name: `${sdk} ${kind}, Node ${node.major}`, kind, options, node }]
  }),
)

describe.concurrent.each(LINES)('$name', ({ kind, options, node }) => {
  test('beats, counts answers, failures and slots, and keeps a task that never settles', async ({ onTestFinished }) => {
    const server = await startConductorServer()
    onTestFinished(() => server.stop())
    const env = { EXECUTE: 'never', POLL_INTERVAL: '30', CONDUCTOR_REQUEST_TIMEOUT_MS: '500' }
    const worker = new SdkWorker(node, { kind, url: server.url, env, ...options })
    onTestFinished(() => worker.end())
    await worker.until('beats and answers', () => (worker.clock()?.beats ?? 0) > 5)
    expect(worker.last?.node).toBe(node.version)
    expect(worker.clock()).toMatchObject({ failuresInRow: 0, ended: false, slots: 1 })
    expect(worker.clock()?.lastSuccessMs).not.toBeNull()
    expect(worker.clock()).not.toHaveProperty('lastError')

    await server.enqueue('demo', { responseTimeoutSeconds: 7 })
    await worker.until('a task in flight', () => (worker.clock()?.oldestTaskMs ?? 0) > 300)
    expect(worker.last?.tasks.map((task) => task.taskId)).toEqual(['task-1'])
    expect(worker.clock()?.slotsInUse).toBe(1)
    expect(worker.last?.hookFailures).toBeNull()
  })

  test('says what polls fail with, and is answered again', async ({ onTestFinished }) => {
    const server = await startConductorServer()
    onTestFinished(() => server.stop())
    const worker = new SdkWorker(node, { kind, url: server.url, env: { POLL_INTERVAL: '30' }, ...options })
    onTestFinished(() => worker.end())
    await worker.until('beats', () => (worker.clock()?.beats ?? 0) > 2)
    await server.setMode('503')
    await worker.until('answers with 503', () => (worker.clock()?.beats ?? 0) > 6)
    expect(worker.clock()?.failuresInRow).toBe(0)
    await server.stop()
    await worker.until('failures', () => (worker.clock()?.failuresInRow ?? 0) >= 2)
    expect(worker.clock()?.lastError).toMatch(/ECONNREFUSED|fetch failed|ECONNRESET|closed|terminated/i)
    expect(worker.last?.hookFailures).toBeNull()
  })
})
