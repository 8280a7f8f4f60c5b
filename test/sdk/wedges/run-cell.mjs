// One cell of the table: a server, a worker under the supervisor, a wedge, and what came of it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { incidentsIn, until } from '../../support/incidents-in.mjs'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const SETTINGS = {
  CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '6',
  CONDUCTOR_STALL_WARN_SECONDS: '2',
  CONDUCTOR_STALL_EVENT_LOOP_WARN_SECONDS: '2',
  CONDUCTOR_STALL_POLL_SUCCESS_WARN_SECONDS: '4',
  CONDUCTOR_STALL_POLL_SUCCESS_TIMEOUT_SECONDS: '8',
  CONDUCTOR_STALL_COOLDOWN_SECONDS: '0',
  CONDUCTOR_STALL_PROFILE_SECONDS: '0.3',
  CONDUCTOR_STALL_GRACE_SECONDS: '40',
}
const CONTROL_SECONDS = 15

async function startServer(tls, port = 0) {
  const flags = ['--with-parent', ...(tls ? ['--tls'] : []), ...(port === 0 ? [] : ['--port', String(port)])]
  const child = spawn(process.execPath, [path.join(ROOT, 'test/fixtures/conductor-server/server.mjs'), ...flags], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  const started = JSON.parse(line)
  return {
    url: started.url,
    port: started.port,
    async control(what, body) {
      const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
      return (await fetch(`${started.control}/${what}`, init)).json()
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  }
}

function startWorker({ node, program }, env, url, dir) {
  const binary = path.join(ROOT, `test/nodes/node_modules/node${node}/bin/node`)
  const command = ['run', '--dir', dir, '--json', '--', binary, program]
  const child = spawn(process.execPath, [path.join(ROOT, 'bin/conductor-diag.js'), ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, CONDUCTOR_SERVER_URL: url, KEEP_ALIVE: '1', ...SETTINGS, ...env },
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (log += data))
  return { child, log: () => log }
}

const sealedIn = (dir) => incidentsIn(dir).filter((incident) => incident.sealedAt !== '')

/** One worker, wedged: what was noticed and said of it, and whether a new one polls. */
export async function runCell(cell) {
  const { wedge, isControl } = cell
  const dir = mkdtempSync(path.join(tmpdir(), 'stall-wedge-'))
  let server = await startServer(wedge.tls)
  const env = { ...wedge.env, ...(cell.kind === 'bundle' ? { TELL_AGENT: '1' } : {}) }
  const worker = startWorker(cell, env, server.url, dir)
  try {
    const polls = async () => (await server.control('state')).polls
    if ((await until(30_000, async () => (await polls()) > 2)) === null)
      return { ...cell, error: `never polled: ${worker.log().slice(-600)}` }
    const actedAt = performance.now()
    await wedge.act(server)
    if (isControl) {
      await new Promise((resolve) => setTimeout(resolve, CONTROL_SECONDS * 1000))
      return { ...cell, incidents: sealedIn(dir).length, restarts: restartsIn(worker.log()) }
    }
    const first = await until(90_000, () => sealedIn(dir)[0])
    const noticedMs = performance.now() - actedAt
    const restarted = await until(90_000, () => restartsIn(worker.log()) > 0)
    // The last word before the end counts: the first look may come before anything is past its time-out.
    const last = sealedIn(dir).at(-1)
    if (first === null || last === undefined) return { ...cell, noticedMs: null }
    await server.stop()
    server = await startServer(wedge.tls, server.port)
    const again = await until(60_000, async () => (await polls().catch(() => 0)) > 2)
    return { ...cell, noticedMs, restarted: restarted !== null, again: again !== null, verdict: last.verdicts[0] }
  } finally {
    worker.child.kill('SIGTERM')
    await Promise.race([once(worker.child, 'exit'), new Promise((resolve) => setTimeout(resolve, 5000))])
    worker.child.kill('SIGKILL')
    await server.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

const restartsIn = (log) => (log.match(/"event":"restart(?:ing)?"|restart \d+ in/g) ?? []).length

