/** A task whose lease is extended for ever: stuck past its ceiling, unless it moves. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startConductorServer, type TaskFields } from '../../support/conductor-server.js'
import { temporaryFolder } from '../../support/incidents.js'
import { NODES, type NodeBinary } from '../../support/nodes.js'
import { startSdkAgent, type SdkAgent } from '../../support/sdk-agent.js'

const nodeOf = (major: number): NodeBinary => {
  const node = NODES.find((each) => each.major === major)
  if (!node) throw new Error(`no Node ${major}`)
  return node
}

let folder: ReturnType<typeof temporaryFolder>
const closing: (() => Promise<unknown>)[] = []
beforeEach(() => {
  folder = temporaryFolder('conductor-lease')
})
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  folder.remove()
})

interface Leased {
  readonly sdk: string
  readonly node: number
  readonly task: TaskFields
  readonly tasks?: number
  readonly env: Readonly<Record<string, string>>
}

async function leased({ sdk, node, task, env }: Leased): Promise<SdkAgent> {
  const server = await startConductorServer()
  closing.push(async () => await server.stop())
  await server.enqueue('demo', { responseTimeoutSeconds: 1, ...task })
  const settings = { LEASE: '1', CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '4', ...env }
  const worker = startSdkAgent({ node: nodeOf(node), server, dir: folder.path, sdk, env: settings })
  closing.push(async () => await worker.end())
  return worker
}

test.each<[string, Leased]>([
  [
    'past CONDUCTOR_STALL_TASK_SECONDS',
    { sdk: '3.1.0', node: 20, task: {}, env: { EXECUTE: 'never', CONDUCTOR_STALL_TASK_SECONDS: '3' } },
  ],
  [
    'past the timeoutSeconds of its definition, in all of two slots',
    { sdk: '4.0.0', node: 24, task: { timeoutSeconds: 3, count: 2 }, env: { EXECUTE: 'never', CONCURRENCY: '2' } },
  ],
])(
  'ends a worker for a task with an extended lease that hangs %s',
  async (_what, wedge) => {
    const worker = await leased(wedge)
    expect(await worker.exit, worker.log()).toBe(70)
    const verdict = worker
      .incidents()
      .at(-1)
      ?.verdicts.find(({ cause }) => cause === 'slots-exhausted')
    expect(verdict?.where, worker.log()).toMatchObject({ function: 'execute' })
    expect(verdict?.work?.map(({ task }) => task?.taskId).toSorted()).toEqual(
      ['task-1', 'task-2'].slice(0, wedge.task.count ?? 1),
    )
  },
  240_000,
)

test('leaves a worker alone whose task with an extended lease is past its ceiling and moves slowly', async () => {
  const env = { EXECUTE: 'steps:600000', CONDUCTOR_STALL_TASK_SECONDS: '1' }
  const worker = await leased({ sdk: '4.0.0', node: 22, task: {}, env })
  // It was looked at, for the end, and nothing was found that a restart would cure.
  await expect.poll(() => worker.log(), { timeout: 120_000 }).toMatch(/not ended: nothing says that a restart/)
  const causes = worker.incidents().flatMap(({ verdicts }) => verdicts.map(({ cause }) => cause))
  expect(causes).not.toContain('slots-exhausted')
  expect(causes).not.toContain('never-settles')
}, 240_000)
