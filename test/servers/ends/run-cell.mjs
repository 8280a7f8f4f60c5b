// One cell: a worker under `conductor-diag run` with nothing changed in it, wedged, and what came of it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { enqueue } from '../../fixtures/conductor-server/state.mjs'
import { startServer } from '../../fixtures/conductor-server/server.mjs'
import { incidentsIn, until } from '../../support/incidents-in.mjs'

const ROOT = path.resolve(import.meta.dirname, '../../..')
/** Seconds in place of minutes. What is watched, and by which clock, is left to the agent. */
const SETTINGS = {
  CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '5',
  CONDUCTOR_STALL_WARN_SECONDS: '2',
  CONDUCTOR_STALL_EVENT_LOOP_WARN_SECONDS: '2',
  CONDUCTOR_STALL_PROFILE_SECONDS: '0.3',
  CONDUCTOR_STALL_GRACE_SECONDS: '60',
}
const STEP_MS = 120_000

/** Started, with what it and its supervisor say. */
function supervise(cell, folder, env) {
  const binary = path.join(ROOT, `test/nodes/node_modules/node${cell.node}/bin/node`)
  const { file, args } = cell.worker
  const run = ['run', '--json', '--backoff-max', '0.2', '--dir', path.join(folder, 'bundles'), '--']
  const child = spawn(
    process.execPath,
    [path.join(ROOT, 'bin/conductor-diag.js'), ...run, binary, file, ...args(cell.wedge.wedge)],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, HOME: folder, TEST_FOLDER: folder, ...SETTINGS, ...env },
    },
  )
  const said = { ready: [], events: [], log: '' }
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (/^(?:ready|polling)\b/.test(line)) said.ready.push(Number(line.split(' ')[1] ?? 0))
  })
  createInterface({ input: child.stderr }).on('line', (line) => {
    said.log += `${line}\n`
    if (line.includes('"conductor-diag run"')) said.events.push(JSON.parse(line))
  })
  return { child, said }
}

/** The answer never comes. */
function request(port) {
  http.get({ port, host: '127.0.0.1', path: '/wedge', agent: false }).on('error', () => {})
}

async function endOf(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await exited
  clearTimeout(timer)
}

/** A second bundle of the same silence says which it follows. How many there are of this worker since it was wedged. */
function storiesOf(incidents, worker, since) {
  const byId = new Map(incidents.map((incident) => [incident.id, incident]))
  const firstOf = (incident) => {
    const before = byId.get(incident.follows)
    return before === undefined ? incident.id : firstOf(before)
  }
  const its = incidents.filter(({ process, createdAt }) => process.pid === worker && Date.parse(createdAt) >= since)
  return new Set(its.map(firstOf)).size
}

/** @returns the cell with `ended` (what `run` said of the end), `stories`, `restarted`, `afterMs`; or with `error` */
export async function runCell(cell) {
  const folder = mkdtempSync(path.join(tmpdir(), 'stall-ends-'))
  mkdirSync(path.join(folder, 'bundles'))
  const server = cell.worker.polls ? await startServer() : null
  const env = server === null ? {} : { CONDUCTOR_SERVER_URL: server.url, EXECUTE: cell.wedge.wedge }
  const { child, said } = supervise(cell, folder, env)
  try {
    const polls = () => server === null || server.state.counts.polls > 2
    if ((await until(STEP_MS, () => said.ready.length > 0 && polls())) === null)
      return { ...cell, error: `never ready: ${said.log.slice(-600)}` }
    const wedgedAt = Date.now()
    if (cell.worker.asks) request(said.ready[0])
    if (server !== null) enqueue(server.state, 'demo', 1, { responseTimeoutSeconds: 600 })
    const ended = await until(STEP_MS, () => said.events.find(({ event }) => event === 'ended'))
    if (ended === null) return { ...cell, error: `never ended: ${said.log.slice(-600)}` }
    const afterMs = Date.now() - wedgedAt
    const incidents = incidentsIn(path.join(folder, 'bundles'))
    const sealed = ended.watchdog?.bundle && existsSync(path.join(ended.watchdog.bundle, 'incident.json'))
    const last = incidents.find(({ id }) => id === ended.watchdog?.incident)
    const stories = storiesOf(incidents, ended.pid, wedgedAt + (cell.worker.wedgesAfterMs ?? 0))
    const restarted = await until(STEP_MS, () => said.ready.length > 1)
    return { ...cell, afterMs, ended, stories, sealed: Boolean(sealed), last, restarted: restarted !== null }
  } finally {
    await endOf(child)
    await server?.close()
    rmSync(folder, { recursive: true, force: true })
  }
}
