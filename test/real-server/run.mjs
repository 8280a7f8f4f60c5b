// npm run test:conductor: real workers and the real server; each worker is wedged, ended, restarted, and the workflow
// completes. `--sdk 2.4.1,4.0.0` for other lines. Says `skipped: Java` (or Maven) where that is missing.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { missing, startServer } from './server.mjs'

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const SETTINGS = {
  CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '6',
  CONDUCTOR_STALL_WARN_SECONDS: '2',
  CONDUCTOR_STALL_EVENT_LOOP_WARN_SECONDS: '2',
  CONDUCTOR_STALL_POLL_SUCCESS_WARN_SECONDS: '4',
  CONDUCTOR_STALL_POLL_SUCCESS_TIMEOUT_SECONDS: '8',
  CONDUCTOR_STALL_PROFILE_SECONDS: '0.3',
}

const { values } = parseArgs({ options: { sdk: { type: 'string', default: '2.4.1,4.0.0' } } })
const lacks = missing()
if (lacks !== null) {
  console.log(`skipped: ${lacks}`)
  process.exit(0)
}

const incidentsIn = (dir) =>
  readdirSync(dir)
    .map((name) => path.join(dir, name, 'incident.json'))
    .filter((file) => existsSync(file))
    .map((file) => JSON.parse(readFileSync(file, 'utf8')))

async function until(limitMs, wanted) {
  const end = performance.now() + limitMs
  while (performance.now() < end) {
    const found = await wanted()
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  return null
}

async function register(server) {
  const times = { retryCount: 3, retryDelaySeconds: 0, timeoutSeconds: 60, responseTimeoutSeconds: 2 }
  await server.call('POST', 'metadata/taskdefs', [{ name: 'charge', ownerEmail: 'team@example.com', ...times }])
  const task = { name: 'charge', taskReferenceName: 'charge', type: 'SIMPLE' }
  const workflow = { name: 'invoice', version: 1, schemaVersion: 2, ownerEmail: 'team@example.com', tasks: [task] }
  await server.call('PUT', 'metadata/workflow', [{ ...workflow, timeoutSeconds: 600, timeoutPolicy: 'TIME_OUT_WF' }])
}

async function run(server, sdk, wedge) {
  const dir = mkdtempSync(path.join(tmpdir(), 'stall-real-'))
  const command = ['run', '--dir', dir, '--', process.execPath, path.join(ROOT, 'test/real-server/worker.cjs')]
  const worker = spawn(process.execPath, [path.join(ROOT, 'bin/conductor-diag.js'), ...command], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env.PATH,
      CONDUCTOR_SERVER_URL: `${server.url}/api`,
      SDK: path.join(ROOT, `test/sdk/conductor-${sdk}`),
      WEDGE: wedge,
      CONDUCTOR_REQUEST_TIMEOUT_MS: '1500',
      ...SETTINGS,
    },
  })
  let log = ''
  worker.stderr.on('data', (text) => (log += text))
  try {
    const polled = async () => (await server.call('GET', 'tasks/queue/polldata?taskType=charge')).length > 0
    if (!(await until(30_000, polled))) return { error: `never polled: ${log.slice(-400)}` }
    const started = performance.now()
    const id = await server.call('POST', 'workflow/invoice', {})
    const incident = await until(60_000, () => incidentsIn(dir).find((each) => each.sealedAt !== ''))
    const restarted = await until(60_000, () => /restart \d+ in/.test(log))
    const done = await until(90_000, async () => {
      // The server looks at its workflows now and then; this makes it look after the response time-out.
      await server.call('PUT', `workflow/decide/${id}`).catch(() => null)
      const { status } = await server.call('GET', `workflow/${id}?includeTasks=false`)
      return status === 'COMPLETED'
    })
    const last = incidentsIn(dir).at(-1)?.verdicts[0]
    const said = last ? [last.kind, last.cause].filter(Boolean).join('/') : 'none'
    return { incident, restarted, done, said, summary: last?.summary, tookMs: performance.now() - started, log }
  } finally {
    worker.kill('SIGTERM')
    await Promise.race([once(worker, 'exit'), new Promise((resolve) => setTimeout(resolve, 8000))])
    worker.kill('SIGKILL')
    rmSync(dir, { recursive: true, force: true })
  }
}

const server = await startServer()
let wrong = 0
try {
  await register(server)
  console.log(
    '| SDK | wedge | said | task named | restarted | workflow completed | after |\n|---|---|---|---|---|---|---|',
  )
  for (const sdk of values.sdk.split(',')) {
    for (const wedge of ['loop', 'never']) {
      const result = await run(server, sdk, wedge)
      if (result.error !== undefined || !result.incident || !result.restarted || !result.done) wrong++
      const named = /task [0-9a-f-]{36}/.test(result.summary ?? '')
      const cells = [result.said, named, Boolean(result.restarted), Boolean(result.done)]
      console.log(`| ${[sdk, wedge, ...cells, `${((result.tookMs ?? 0) / 1000).toFixed(1)} s`].join(' | ')} |`)
      if (result.error !== undefined) console.log(result.error)
    }
  }
} finally {
  await server.stop()
}
process.exitCode = wrong === 0 ? 0 : 1
