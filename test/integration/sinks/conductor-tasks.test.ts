/** The verdict goes to the tasks that stood still, and with CONDUCTOR_STALL_SINK_CONDUCTOR_FAIL_TASKS they are given back. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { temporaryFolder, VERDICT } from '../../support/incidents.js'
import { startConductorServer, type ConductorServer } from '../../support/conductor-server.js'
import { NODES, type NodeBinary } from '../../support/nodes.js'
import { startSdkAgent, type SdkAgent } from '../../support/sdk-agent.js'
import { ContractServer, type Handler, type Received } from '../../support/sinks/contract-server.js'
import { diag } from '../../support/sinks/outbox-run.js'
import { taskBundle } from '../../support/sinks/task-bundle.js'
import { conductor, CONDUCTOR_ENV } from '../../support/sinks/vendors/conductor.js'

const node = NODES.at(-1)
if (!node) throw new Error('no Node binaries')

let folder: ReturnType<typeof temporaryFolder>
let bundles: string
const closing: (() => Promise<unknown>)[] = []
beforeEach(() => {
  folder = temporaryFolder('conductor-tasks')
  bundles = path.join(folder.path, 'bundles')
  mkdirSync(bundles)
})
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  folder.remove()
})

/** A worker on the real SDK whose only slot is taken by a task that never settles. */
function wedged(server: ConductorServer, more: Readonly<Record<string, string>>): SdkAgent {
  const env = {
    CONDUCTOR_STALL_SINK_TO: 'conductor',
    CONDUCTOR_STALL_SINK_CONDUCTOR_FAIL_TASKS: 'true',
    EXECUTE: 'never',
    ...more,
  }
  const worker = startSdkAgent({ node: node as NodeBinary, server, dir: bundles, env })
  closing.push(async () => await worker.end())
  return worker
}

async function serve(): Promise<ConductorServer> {
  const server = await startConductorServer()
  closing.push(async () => await server.stop())
  return server
}

const logsOf = async (server: ConductorServer, taskId: string): Promise<readonly { log: string }[]> =>
  (await (await fetch(`${server.url}/tasks/${taskId}/log`)).json()) as { log: string }[]

const long = { timeout: 90_000, interval: 200 }

test('a task that never settles gets the verdict in its log, and is tried again once its worker was ended', async () => {
  const server = await serve()
  const [task] = await server.enqueue('demo', { responseTimeoutSeconds: 1, retries: 1 })
  const worker = wedged(server, { CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '4' })
  expect(await worker.exit, worker.log()).toBe(70)
  const id = task?.taskId ?? ''
  await expect.poll(async () => (await server.state()).queued, long).toEqual({ demo: 1 })
  expect((await server.state()).completed).toEqual([{ taskId: id, taskType: 'demo', status: 'FAILED' }])
  const lines = (await logsOf(server, id)).map((line) => line.log)
  expect(lines.join('\n')).toMatch(/awaiting\/(slots-exhausted|never-settles) .*run-worker\.cjs.*incident 01/s)
  // One line an incident, however often a delivery was tried.
  expect(new Set(lines).size).toBe(lines.length)
  expect(worker.log()).toMatch(new RegExp(`at execute .*, task ${id} \\(demo\\) of workflow workflow-1`))

  // What the old worker would have answered, had it been only slow: the server takes it and nothing comes of it.
  const late = { taskId: id, workflowInstanceId: 'workflow-1', status: 'COMPLETED', outputData: {} }
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${server.url}/tasks`, { method: 'POST', headers, body: JSON.stringify(late) })
  expect(answer.ok).toBe(true)
  expect((await server.state()).queued).toEqual({ demo: 1 })
}, 150_000)

test('a worker that lives on keeps its tasks: the log tells, and nothing is failed', async () => {
  const server = await serve()
  const [task] = await server.enqueue('demo', { responseTimeoutSeconds: 1, retries: 1 })
  const worker = wedged(server, { CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '0' })
  const id = task?.taskId ?? ''
  await vi.waitFor(async () => expect(await logsOf(server, id), worker.log()).not.toEqual([]), long)
  // The delivery, which waits a moment for the end of the worker, has come to its own.
  const outbox = path.join(bundles, 'outbox/states')
  const states = (): string[] => readdirSync(outbox).map((name) => readFileSync(path.join(outbox, name), 'utf8'))
  await vi.waitFor(() => expect(states().join('')).toContain('"status":"delivered"'), long)
  const state = await server.state()
  expect(state.completed).toEqual([])
  expect(state.held.map(({ taskId }) => taskId)).toEqual([id])
}, 150_000)

async function contract(handler: Handler): Promise<{ server: ContractServer; settings: Record<string, string> }> {
  const server = await ContractServer.start(handler)
  closing.push(async () => await server.close())
  const settings = {
    CONDUCTOR_STALL_DIR: bundles,
    CONDUCTOR_SERVER_URL: `${server.url}/api/`,
    ...CONDUCTOR_ENV,
    CONDUCTOR_STALL_SINK_CONDUCTOR_FAIL_TASKS: 'true',
  }
  return { server, settings }
}

const sent = (server: ContractServer): Received[] =>
  server.received.filter(({ method, path: at }) => method === 'POST' && at !== '/api/token')

test('logs in with the SDK’s own key, writes the log once, and fails what is still in progress', async () => {
  const logged: string[] = []
  const { server, settings } = await contract(conductor('IN_PROGRESS', logged))
  const id = taskBundle(bundles, 't 1', true)
  const run = await diag(['attach', id, '--to', 'conductor'], settings)
  expect(run, run.stderr).toMatchObject({ code: 0 })
  const [log, update] = sent(server)
  expect(log?.body.toString()).toContain(`computing/regexp (high). ${VERDICT.summary}`)
  expect(log?.body.toString()).toContain(`incident ${id}`)
  expect(JSON.parse(update?.body.toString() ?? '')).toMatchObject({
    workflowInstanceId: 'w-1',
    taskId: 't 1',
    status: 'FAILED',
    workerId: 'host',
    reasonForIncompletion: expect.stringContaining(`Incident ${id}: computing/regexp at`) as string,
  })
  // As after a crash before the journal was written: the log is there already.
  logged.splice(0, logged.length, `from before, incident ${id}.`)
  await diag(['attach', id, '--to', 'conductor', '--to', 'conductor'], settings)
  expect(logged).toHaveLength(1)
  expect(run.stdout + run.stderr).not.toContain('sesame-open')
})

test.each([
  ['a task that has ended meanwhile', 'COMPLETED', true],
  ['a task that waits for another worker by now', 'SCHEDULED', true],
  ['a task whose worker nobody saw end', 'IN_PROGRESS', false],
])('leaves %s as it is', async (_what, status, ended) => {
  const { server, settings } = await contract(conductor(status))
  const id = taskBundle(bundles, 't 1', ended)
  expect(await diag(['attach', id, '--to', 'conductor'], settings)).toMatchObject({ code: 0 })
  expect(sent(server).map(({ path: at }) => at)).toEqual(['/api/tasks/t%201/log'])
})

test('says which key is wrong, without its secret', async () => {
  const { settings } = await contract(conductor('IN_PROGRESS'))
  const id = taskBundle(bundles, 't 1', true)
  const run = await diag(['attach', id, '--to', 'conductor'], { ...settings, CONDUCTOR_AUTH_KEY: 'another' })
  expect(run.code).toBe(77)
  expect(run.stderr).toContain('POST http')
  expect(run.stderr).not.toContain('sesame-open')
})
