// Every wedge on every line of Conductor's SDK, under the supervisor, as a table.
//
//   node test/sdk/wedges/run.mjs [--sdk 2.4.1,4.0.0] [--wedge TEXT] [--node 20,24] [--kind cjs,mjs] [--all]
//                                [--markdown FILE] [--at-a-time N]
//
// Without --all each line and wedge runs once, on the Nodes and module systems in turn; with it, on all of them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { CONTROLS, WEDGES } from './wedges.mjs'

const HERE = path.dirname(fileURLToPath(import.meta.url))
const ROOT = path.resolve(HERE, '../../..')
const SDKS = ['0.0.11', '1.2.3', '2.4.1', '3.1.0', '4.0.0']
const NODES = [20, 22, 24, 26]
const KINDS = ['cjs', 'mjs']
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

const { values } = parseArgs({
  options: {
    sdk: { type: 'string' },
    wedge: { type: 'string' },
    node: { type: 'string' },
    kind: { type: 'string' },
    all: { type: 'boolean', default: false },
    markdown: { type: 'string' },
    'at-a-time': { type: 'string', default: '2' },
  },
})
const chosen = (text, all) => (text === undefined ? all : text.split(','))

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

function startWorker({ sdk, kind, node }, env, url, dir) {
  const binary = path.join(ROOT, `test/nodes/node_modules/node${node}/bin/node`)
  const program = path.join(ROOT, `test/sdk/conductor-${sdk}/worker.${kind}`)
  const command = ['run', '--dir', dir, '--json', '--', binary, program]
  const child = spawn(process.execPath, [path.join(ROOT, 'bin/conductor-diag.js'), ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, CONDUCTOR_SERVER_URL: url, KEEP_ALIVE: '1', ...SETTINGS, ...env },
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (log += data))
  return { child, log: () => log }
}

const incidentsIn = (dir) =>
  readdirSync(dir)
    .map((name) => path.join(dir, name, 'incident.json'))
    .filter((file) => existsSync(file))
    .map((file) => JSON.parse(readFileSync(file, 'utf8')))
    .filter((incident) => incident.sealedAt !== '')

async function until(limitMs, wanted) {
  const end = performance.now() + limitMs
  while (performance.now() < end) {
    const found = await wanted()
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  return null
}

async function run(cell) {
  const { wedge, isControl } = cell
  const dir = mkdtempSync(path.join(tmpdir(), 'stall-wedge-'))
  let server = await startServer(wedge.tls)
  const worker = startWorker(cell, wedge.env, server.url, dir)
  try {
    const polls = async () => (await server.control('state')).polls
    if ((await until(30_000, async () => (await polls()) > 2)) === null)
      return { ...cell, error: `never polled: ${worker.log().slice(-600)}` }
    const actedAt = performance.now()
    await wedge.act(server)
    if (isControl) {
      await new Promise((resolve) => setTimeout(resolve, CONTROL_SECONDS * 1000))
      return { ...cell, incidents: incidentsIn(dir).length, restarts: restartsIn(worker.log()) }
    }
    const first = await until(90_000, () => incidentsIn(dir)[0])
    const noticedMs = performance.now() - actedAt
    const restarted = await until(90_000, () => restartsIn(worker.log()) > 0)
    // The last word before the end counts: the first look may come before anything is past its time-out.
    const last = incidentsIn(dir).at(-1)
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

function judge(result) {
  const { wedge, verdict } = result
  if (result.error !== undefined) return result.error
  if (result.isControl) return result.incidents === 0 && result.restarts === 0 ? 'ok' : `${result.incidents} incidents`
  if (result.noticedMs === null) return 'not noticed'
  const said = nameOf(verdict)
  const wrong = []
  if (!wedge.says.includes(said)) wrong.push(`said ${said}`)
  if (wedge.place && !wedge.place.test(verdict?.where?.file ?? '')) wrong.push(`place ${verdict?.where?.file ?? 'none'}`)
  if (wedge.task && !/task-\d+/.test(verdict?.summary ?? '')) wrong.push('task not named')
  if (wedge.ends && !result.restarted) wrong.push('not restarted')
  if (result.restarted && !result.again) wrong.push('does not poll again')
  return wrong.length === 0 ? 'ok' : wrong.join('; ')
}

const nameOf = (verdict) => (verdict ? [verdict.kind, verdict.cause].filter(Boolean).join('/') : 'none')
const yes = (flag) => (flag ? 'yes' : 'no')

function rowOf(result) {
  const { verdict } = result
  const where = verdict?.where ? `${path.basename(verdict.where.file)}:${verdict.where.line}` : '-'
  const cells = result.isControl
    ? ['-', `${result.incidents ?? '?'} incidents`, '-', '-', '-', '-']
    : [
        result.noticedMs == null ? '-' : `${(result.noticedMs / 1000).toFixed(1)} s`,
        `${nameOf(verdict)}${verdict ? ` (${verdict.confidence})` : ''}`,
        where,
        yes(/task-\d+/.test(verdict?.summary ?? '')),
        yes(result.restarted),
        yes(result.again),
      ]
  return `| ${[result.sdk, result.kind, result.node, result.name, ...cells, result.judged].join(' | ')} |`
}

function cellsOf() {
  const nodes = chosen(values.node, NODES).map(Number)
  const kinds = chosen(values.kind, KINDS)
  const cells = []
  let turn = 0
  for (const [list, isControl] of [
    [WEDGES, false],
    [CONTROLS, true],
  ]) {
    for (const [name, wedge] of Object.entries(list)) {
      if (values.wedge !== undefined && !name.includes(values.wedge)) continue
      for (const sdk of chosen(values.sdk, SDKS)) {
        if (wedge.sdks && !wedge.sdks.includes(sdk)) continue
        const lines = nodes.flatMap((node) => kinds.map((kind) => ({ node, kind })))
        const wanted = values.all ? lines : [lines[(turn * 3) % lines.length]]
        turn++
        for (const line of wanted) cells.push({ name, wedge, sdk, isControl, ...line })
      }
    }
  }
  return cells
}

const HEAD = '| SDK | module | Node | wedge | noticed after | said | place | task named | restarted | polls again | |'
const cells = cellsOf()
const results = []
const next = cells.values()
async function lane() {
  for (const cell of next) {
    const result = await run(cell).catch((error) => ({ ...cell, error: String(error) }))
    result.judged = judge(result)
    results.push(result)
    console.log(rowOf(result))
  }
}
console.log(`${HEAD}\n|---|---|---|---|---|---|---|---|---|---|---|`)
await Promise.all(Array.from({ length: Number(values['at-a-time']) }, lane))
const wrong = results.filter((result) => result.judged !== 'ok')
console.log(`\n${results.length - wrong.length} of ${results.length} right`)
if (values.markdown !== undefined) {
  const rank = (result) => cells.findIndex((cell) => cell.name === result.name && cell.sdk === result.sdk)
  const rows = results.toSorted((a, b) => rank(a) - rank(b)).map(rowOf)
  writeFileSync(
    values.markdown,
    `# Wedges on every line of Conductor's SDK\n\nMade by \`npm run wedges\`. Thresholds: warning 2 s, end 6 s of silence, 8 s without an answer.\n${results.length - wrong.length} of ${results.length} right.\n\n${HEAD}\n|---|---|---|---|---|---|---|---|---|---|---|\n${rows.join('\n')}\n`,
  )
}
process.exitCode = wrong.length === 0 ? 0 : 1
