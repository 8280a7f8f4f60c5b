/** What the server says of a silent worker's task types, in the bundle: who polls, and whether anything waits. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test, type TestContext } from 'vitest'
import type { Evidence } from '../../../src/model/evidence.js'
import { startConductorServer, type ConductorServer } from '../../support/conductor-server.js'
import { temporaryFolder } from '../../support/incidents.js'
import { NODES } from '../../support/nodes.js'
import { startSdkAgent } from '../../support/sdk-agent.js'

interface Seen {
  readonly server: ConductorServer
  readonly evidence: Evidence
  readonly report: string
}

/** A worker whose only task never settles, with more tasks waiting; its first incident. */
async function wedge(
  { onTestFinished }: TestContext,
  node: (typeof NODES)[number],
  env: Readonly<Record<string, string>>,
  meanwhile: (server: ConductorServer) => Promise<unknown> = async () => undefined,
): Promise<Seen> {
  const folder = temporaryFolder('conductor-server-view')
  onTestFinished(() => folder.remove())
  const server = await startConductorServer()
  onTestFinished(() => server.stop())
  await server.enqueue('demo', { responseTimeoutSeconds: 1, count: 3 })
  const settings = { EXECUTE: 'never', CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '0', ...env }
  const worker = startSdkAgent({ node, server, dir: folder.path, env: settings })
  onTestFinished(() => worker.end())
  await expect.poll(async () => (await server.state()).held.length, { timeout: 60_000 }).toBe(1)
  const polling = setInterval(() => void meanwhile(server).catch(() => undefined), 300)
  onTestFinished(() => clearInterval(polling))
  // A bundle has its own name once it is sealed.
  const sealed = (): string | undefined =>
    worker
      .incidents()
      .filter(({ stall }) => stall?.clock === 'conductor:demo')
      .map(({ id }) => path.join(folder.path, id))
      .find((bundle) => existsSync(bundle))
  await expect.poll(sealed, { timeout: 120_000 }).toBeDefined()
  const bundle = sealed() ?? ''
  const read = (name: string): string => readFileSync(path.join(bundle, name), 'utf8')
  return { server, evidence: JSON.parse(read('evidence.json')) as Evidence, report: read('report.md') }
}

const [oldest, ...others] = NODES
const newest = others.at(-1) ?? oldest

test.skipIf(oldest === undefined)(
  'says that tasks wait and that nobody else polls',
  async (context) => {
    if (oldest === undefined) return
    const { evidence, report } = await wedge(context, oldest, {})
    expect(evidence.serverViews).toMatchObject([
      { taskType: 'demo', queued: 2, scheduled: true, polledBy: 'this-worker' },
    ])
    expect(report).toContain('2 tasks of demo wait')
  },
  200_000,
)

test.concurrent('says that somebody else polls meanwhile', async (context) => {
  if (newest === undefined) return
  const poll = async (server: ConductorServer): Promise<void> => {
    await (await fetch(`${server.url}/tasks/poll/batch/demo?workerid=another&count=0&timeout=1`)).text()
  }
  const { evidence } = await wedge(context, newest, {}, poll)
  expect(evidence.serverViews).toMatchObject([{ polledBy: 'somebody-else' }])
  expect(evidence.serverViews?.[0]?.polls?.[0]).toMatchObject({ workerId: 'another' })
}, 200_000)

test.concurrent('asks nothing of the server with CONDUCTOR_STALL_SERVER_VIEW=false', async (context) => {
  if (oldest === undefined) return
  const { server, evidence } = await wedge(context, oldest, { CONDUCTOR_STALL_SERVER_VIEW: 'false' })
  expect(evidence.serverViews ?? null).toBeNull()
  expect((await server.requests()).filter((request) => request.path.includes('/tasks/queue/'))).toEqual([])
}, 200_000)
