/** Work that the collector took before anybody looked, and the line of the SDK (0.0.11) that has no slots of its own. */
import { expect, test, type TestContext } from 'vitest'
import { startConductorServer, type ConductorServer, type TaskFields } from '../../support/conductor-server.js'
import { temporaryFolder } from '../../support/incidents.js'
import { NODES, type NodeBinary } from '../../support/nodes.js'
import { startSdkAgent, type SdkAgent } from '../../support/sdk-agent.js'

const nodeOf = (major: number): NodeBinary => {
  const node = NODES.find((each) => each.major === major)
  if (!node) throw new Error(`no Node ${major}`)
  return node
}

interface Wanted {
  readonly sdk: string
  readonly node: number
  readonly task?: TaskFields
  readonly env: Readonly<Record<string, string>>
}

interface Started {
  readonly worker: SdkAgent
  readonly server: ConductorServer
}

async function start({ onTestFinished }: TestContext, { sdk, node, task, env }: Wanted): Promise<Started> {
  const folder = temporaryFolder('conductor-collected')
  onTestFinished(() => folder.remove())
  const server = await startConductorServer()
  onTestFinished(() => server.stop())
  if (task) await server.enqueue('demo', task)
  const settings = { CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '6', CONDUCTOR_STALL_GRACE_SECONDS: '40', ...env }
  const worker = startSdkAgent({ node: nodeOf(node), server, dir: folder.path, sdk, env: settings })
  onTestFinished(() => worker.end())
  return { worker, server }
}

test.concurrent('keeps the poll loop in sight when a listener that nothing can settle was collected', async (context) => {
  const env = { LISTENER: 'hang', CHURN: '0', KEEP_ALIVE: '1' }
  const { worker } = await start(context, { sdk: '4.0.0', node: 20, env })
  expect(await worker.exit, worker.log()).toBe(70)
  const [verdict] = worker.incidents().at(-1)?.verdicts ?? []
  expect(verdict, worker.log()).toMatchObject({ cause: 'never-settles', where: { function: 'publishPollCompleted' } })
  expect(verdict?.summary).toMatch(/made at .*run-worker\.cjs/)
}, 240_000)

test.concurrent('names task and function of 0.0.11 when all of its loops are held by tasks that hang', async (context) => {
  const env = { EXECUTE: 'never', CHURN: '0', KEEP_ALIVE: '1', CONDUCTOR_STALL_POLL_SUCCESS_TIMEOUT_SECONDS: '6' }
  const { worker } = await start(context, { sdk: '0.0.11', node: 22, task: { responseTimeoutSeconds: 1 }, env })
  expect(await worker.exit, worker.log()).toBe(70)
  const [verdict] = worker.incidents().at(-1)?.verdicts ?? []
  expect(verdict, worker.log()).toMatchObject({ cause: 'slots-exhausted', where: { function: 'execute' } })
  expect(verdict?.summary).toContain('task-1')
}, 240_000)

test.concurrent('leaves 0.0.11 alone while all of its loops work on tasks within their time-out', async (context) => {
  const env = { EXECUTE: 'slow:14000', CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '8' }
  const wanted = { sdk: '0.0.11', node: 24, task: { responseTimeoutSeconds: 300 }, env }
  const { worker, server } = await start(context, wanted)
  // It would have been ended after 8 s, and its task never be done.
  await expect.poll(async () => (await server.state()).completed.length, { timeout: 120_000 }).toBe(1)
  expect(worker.log()).not.toContain('ending with exit code')
}, 240_000)
