// npm run test:conductor: real workers and the real server; each worker is wedged, ended, restarted, and the workflow
// completes. `--sdk 2.4.1,4.0.0` and `--wedge TEXT` choose. Says `skipped: Java` (or Maven) where that is missing.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { incidentsIn, until } from '../support/incidents-in.mjs'
import { missing, startServer } from './server.mjs'
import { startFront, WEDGES } from './wedges.mjs'

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const SETTINGS = {
  CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '6',
  CONDUCTOR_STALL_WARN_SECONDS: '2',
  CONDUCTOR_STALL_EVENT_LOOP_WARN_SECONDS: '2',
  CONDUCTOR_STALL_POLL_SUCCESS_WARN_SECONDS: '4',
  CONDUCTOR_STALL_POLL_SUCCESS_TIMEOUT_SECONDS: '8',
  CONDUCTOR_STALL_PROFILE_SECONDS: '0.3',
}

const { values } = parseArgs({
  options: { sdk: { type: 'string', default: '2.4.1,4.0.0' }, wedge: { type: 'string', default: '' } },
})
// The server's certificate is one of this run.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
const lacks = missing()
if (lacks !== null) {
  console.log(`skipped: ${lacks}`)
  process.exit(0)
}

async function register(server, { task, times }) {
  const definition = { name: task, ownerEmail: 'team@example.com', retryCount: 3, retryDelaySeconds: 0, ...times }
  await server.call('POST', 'metadata/taskdefs', [definition])
  const step = { name: task, taskReferenceName: task, type: 'SIMPLE' }
  const workflow = { name: `of_${task}`, version: 1, schemaVersion: 2, ownerEmail: 'team@example.com', tasks: [step] }
  await server.call('PUT', 'metadata/workflow', [{ ...workflow, timeoutSeconds: 900, timeoutPolicy: 'TIME_OUT_WF' }])
}

/** What a worker says that was given up for lost: the server takes it, and the workflow stays as it is. */
async function answerLate(server, { taskId, workflowInstanceId }) {
  const late = { taskId, workflowInstanceId, status: 'COMPLETED', outputData: { late: true } }
  return await server.call('POST', 'tasks', late).then(
    () => true,
    (error) => /: 4\d\d /.test(String(error)),
  )
}

async function givenBackIn(server, id) {
  const { tasks } = await server.call('GET', `workflow/${id}?includeTasks=true`)
  const failed = tasks.find(({ status }) => status === 'FAILED')
  if (!failed || !/conductor-stall-agent .*computing\/loop/.test(failed.reasonForIncompletion ?? '')) return false
  await answerLate(server, failed)
  const after = await server.call('GET', `workflow/${id}?includeTasks=true`)
  return after.status === 'COMPLETED' && after.tasks.find(({ taskId }) => taskId === failed.taskId).status === 'FAILED'
}

async function run(server, sdk, wedge) {
  const dir = mkdtempSync(path.join(tmpdir(), 'stall-real-'))
  const front = await startFront(server.port)
  const command = ['run', '--dir', dir, '--', process.execPath, path.join(ROOT, 'test/real-server/worker.cjs')]
  const worker = spawn(process.execPath, [path.join(ROOT, 'bin/conductor-diag.js'), ...command], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env.PATH,
      CONDUCTOR_SERVER_URL: `${server.url.replace(/\d+$/, String(front.port))}/api`,
      SDK: path.join(ROOT, `test/sdk/conductor-${sdk}`),
      TASK: wedge.task,
      CONDUCTOR_REQUEST_TIMEOUT_MS: '1500',
      ...SETTINGS,
      ...wedge.env,
    },
  })
  let log = ''
  worker.stderr.on('data', (text) => (log += text))
  try {
    const polled = async () => (await server.call('GET', `tasks/queue/polldata?taskType=${wedge.task}`)).length > 0
    if (!(await until(60_000, polled))) return { error: `never polled: ${log.slice(-400)}` }
    await new Promise((resolve) => setTimeout(resolve, 2000))
    const started = performance.now()
    await wedge.act?.(front)
    const id = await server.call('POST', `workflow/of_${wedge.task}`, {})
    const incident = await until(90_000, () => incidentsIn(dir).find((each) => each.sealedAt !== ''))
    const restarted = await until(90_000, () => /restart \d+ in/.test(log))
    const done = await until(90_000, async () => {
      // The server looks at its workflows now and then; this makes it look after the response time-out.
      await server.call('PUT', `workflow/decide/${id}`).catch(() => null)
      const { status } = await server.call('GET', `workflow/${id}?includeTasks=false`)
      return status === 'COMPLETED'
    })
    const tookMs = performance.now() - started
    const last = incidentsIn(dir).at(-1)?.verdicts[0]
    const said = last ? [last.kind, last.cause].filter(Boolean).join('/') : 'none'
    const givenBack = wedge.givenBack ? done && (await givenBackIn(server, id)) : null
    return { incident, restarted, done, said, summary: last?.summary, givenBack, tookMs }
  } finally {
    worker.kill('SIGTERM')
    await Promise.race([once(worker, 'exit'), new Promise((resolve) => setTimeout(resolve, 8000))])
    worker.kill('SIGKILL')
    front.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

const yes = (value) => (value === null ? '-' : value ? 'yes' : 'no')

async function runAll(server, wedges) {
  let wrong = 0
  for (const sdk of values.sdk.split(',')) {
    for (const [name, wedge] of wedges) {
      await register(server, wedge)
      const result = await run(server, sdk, wedge)
      const named = wedge.noTask ? null : /task [0-9a-f-]{36}/.test(result.summary ?? '')
      const right = [result.incident, result.restarted, result.done, named ?? true, result.givenBack ?? true]
      if (result.error !== undefined || right.includes(false) || right.includes(null)) wrong++
      const cells = [named, Boolean(result.restarted), Boolean(result.done), result.givenBack ?? null].map(yes)
      const after = `${((result.tookMs ?? 0) / 1000).toFixed(1)} s`
      console.log(`| ${[sdk, name, result.said ?? '-', ...cells, after].join(' | ')} |`)
      if (result.error !== undefined) console.log(result.error)
    }
  }
  return wrong
}

let wrong = 0
console.log('| SDK | wedge | said | task named | restarted | workflow completed | given back | after |')
console.log('|---|---|---|---|---|---|---|---|')
for (const tls of [false, true]) {
  const wedges = Object.entries(WEDGES).filter(
    ([name, wedge]) => name.includes(values.wedge) && (wedge.tls ?? false) === tls,
  )
  if (wedges.length === 0) continue
  const server = await startServer({ tls })
  try {
    wrong += await runAll(server, wedges)
  } finally {
    await server.stop()
  }
}
process.exitCode = wrong === 0 ? 0 : 1
