// `npm run sweep`: clients of databases, caches, queues and web services, each in three wedges and two healthy states,
// looked at by `conductor-diag dump` (outside) or through the agent's own incident (inside).
//
//   --only CLIENT[,CLIENT]  --mode silent,leak,away,slow,idle  --side outside,inside  --node 20[,26]  --jobs N
//   --verbose   what was said     --json FILE   all results     --write   docs/sweep.md
//   --from FILE   joins an earlier run's results, and runs only what is asked for with --only
//
// Installs the clients' packages on its first run. Ends with 1 when an answer is wrong.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTcp } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { CONTROLS, EXPECTED, faultOf, WEDGES } from './expectations.mjs'
import { toMarkdown } from './table.mjs'

const HOME = import.meta.dirname
const ROOT = path.resolve(HOME, '../..')
const STALLED_MS = 3_500
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    mode: { type: 'string', default: [...WEDGES, ...CONTROLS].join(',') },
    side: { type: 'string', default: 'outside,inside' },
    node: { type: 'string', default: '20' },
    jobs: { type: 'string', default: '5' },
    settle: { type: 'string', default: '22' },
    verbose: { type: 'boolean', default: false },
    json: { type: 'string' },
    from: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
})
const list = (text) => text.split(',').filter(Boolean)

if (!existsSync(path.join(HOME, 'node_modules/pg')))
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: HOME, stdio: 'inherit' })

const nodeOf = (major) => path.join(ROOT, `test/nodes/node_modules/node${major}/bin/node`)

/** Runs until its stdin ends; its first line is its ports. */
async function startServers() {
  const child = spawn(process.execPath, [path.join(HOME, 'servers.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = await once(child.stdout, 'data')
  return { ports: JSON.parse(line), end: () => child.stdin.end() }
}

/** A Redis of its own for a queue, and what the program may have done to it. */
async function startStore() {
  const free = createTcp().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const { port } = free.address()
  free.close()
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const store = spawn('redis-server', settings, { stdio: ['ignore', 'pipe', 'ignore'], cwd: os.tmpdir() })
  await new Promise((resolve, reject) => {
    store.once('error', reject)
    store.once('exit', () => reject(new Error('redis-server ended')))
    store.stdout.on('data', (data) => /Ready to accept/.test(data) && resolve())
  })
  const control = createServer((request, response) => {
    store.kill('SIGSTOP')
    response.end()
  }).listen(0, '127.0.0.1')
  await once(control, 'listening')
  const end = () => {
    store.kill('SIGKILL')
    control.closeAllConnections()
    control.close()
  }
  return { ports: { store: port, control: control.address().port }, end }
}

function startProgram({ client, mode, side, node }, ports, bundles) {
  const file = EXPECTED[client].program ?? (client === 'got' ? 'got.mjs' : `${client}.cjs`)
  const agent = side === 'inside' ? ['--require', path.join(ROOT, 'dist/index.js')] : []
  const settings = {
    CONDUCTOR_STALL_DIR: bundles,
    CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '0',
    CONDUCTOR_STALL_WARN_SECONDS: '6',
    CONDUCTOR_STALL_PROFILE_SECONDS: '1',
  }
  const child = spawn(nodeOf(node), [...agent, path.join(HOME, 'programs', file), mode], {
    cwd: path.join(HOME, 'programs'),
    env: { PATH: process.env.PATH, PORTS: JSON.stringify(ports), ...(side === 'inside' ? settings : {}) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const running = { child, heardAt: Date.now(), rounds: 0, errors: '' }
  child.stdout.on('data', (data) => {
    running.heardAt = Date.now()
    running.rounds += String(data).split('round').length - 1
  })
  child.stderr.on('data', (data) => (running.errors = (running.errors + data).slice(-2_000)))
  return running
}

/** Until its loop has not come round for some seconds; a healthy one: until it has come round a few times. */
async function settled(running, mode) {
  const until = Date.now() + 40_000
  for (; Date.now() < until; await pause(100)) {
    if (running.child.exitCode !== null) throw new Error(`it ended: ${running.errors.trim().slice(-300)}`)
    if (CONTROLS.includes(mode) && running.rounds >= 3) return
    if (!CONTROLS.includes(mode) && running.rounds > 0 && Date.now() - running.heardAt > STALLED_MS) return
  }
  throw new Error(`it did not come to it in 40 s: ${running.errors.slice(-300)}`)
}

async function dump(pid) {
  const tool = spawn(process.execPath, [path.join(ROOT, 'bin/conductor-diag.js'), 'dump', String(pid), '--json'])
  let text = ''
  let errors = ''
  tool.stdout.on('data', (data) => (text += data))
  tool.stderr.on('data', (data) => (errors += data))
  const limit = setTimeout(() => tool.kill('SIGKILL'), 120_000)
  const [code, signal] = await once(tool, 'close')
  clearTimeout(limit)
  if (text === '') throw new Error(`dump ended with ${code ?? signal}: ${errors.slice(-500)}`)
  return JSON.parse(text)
}

/** The first sealed bundle; of a healthy worker none for as long as that. */
async function incident(folder, control) {
  const until = Date.now() + (control ? 15_000 : 60_000)
  for (; Date.now() < until; await pause(200)) {
    for (const name of existsSync(folder) ? readdirSync(folder) : []) {
      const file = path.join(folder, name, 'incident.json')
      if (!name.endsWith('.partial') && existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'))
    }
  }
  return { verdicts: [] }
}

async function attempt(trial, shared, folder, closing) {
  const { client, mode, side } = trial
  const control = CONTROLS.includes(mode)
  const bundles = path.join(folder, 'bundles')
  let { ports } = shared
  if (client === 'bullmq') {
    const store = await startStore()
    closing.push(store.end)
    ports = { ...ports, ...store.ports }
  }
  const running = startProgram(trial, ports, bundles)
  closing.push(() => running.child.kill('SIGKILL'))
  await settled(running, mode)
  if (side === 'outside' && !control) await pause(Number(values.settle) * 1_000 - STALLED_MS)
  const seen = side === 'outside' ? await dump(running.child.pid) : await incident(bundles, control)
  const [first] = seen.verdicts
  const fault = faultOf(client, mode, side, first)
  return { fault, first, ...(fault === null ? {} : { errors: running.errors, awaits: seen.awaits }) }
}

async function run(trial, shared) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'stall-sweep-'))
  const closing = []
  try {
    return { ...trial, ...(await attempt(trial, shared, folder, closing)) }
  } catch (error) {
    return { ...trial, fault: error.message }
  } finally {
    for (const close of closing.toReversed()) close()
    rmSync(folder, { recursive: true, force: true })
  }
}

const asked = values.only ?? (values.from === undefined ? Object.keys(EXPECTED).join(',') : '')
const clients = list(asked)
const unknown = [
  ...clients.filter((client) => EXPECTED[client] === undefined),
  ...list(values.mode).filter((mode) => ![...WEDGES, ...CONTROLS].includes(mode)),
]
if (unknown.length > 0) {
  console.error(`not known: ${unknown.join(', ')}; clients: ${Object.keys(EXPECTED).join(',')}`)
  process.exit(64)
}
const trials = list(values.node).flatMap((node) =>
  list(values.side).flatMap((side) =>
    list(values.mode).flatMap((mode) => clients.map((client) => ({ client, mode, side, node: Number(node) }))),
  ),
)
const keyOf = ({ client, mode, side, node }) => [client, mode, side, node].join('|')
const results = new Map()
if (values.from !== undefined)
  for (const each of JSON.parse(readFileSync(values.from, 'utf8'))) results.set(keyOf(each), each)

async function work(shared) {
  for (let trial = trials.shift(); trial !== undefined; trial = trials.shift()) {
    const result = await run(trial, shared)
    results.set(keyOf(result), result)
    const { first, fault } = result
    const said =
      first === undefined
        ? '-'
        : `${first.kind}/${first.cause ?? '-'} ${first.confidence} ${first.where?.function ?? '-'}`
    console.log(`${fault === null ? 'right' : 'WRONG'}  ${keyOf(result)}  ${said}${fault === null ? '' : `; ${fault}`}`)
    if (values.verbose && first !== undefined) console.log(`    ${first.summary}\n    Next: ${first.nextStep}`)
    if (values.json !== undefined) writeFileSync(values.json, JSON.stringify([...results.values()], null, 1))
  }
}

const shared = await startServers()
await Promise.all(Array.from({ length: Number(values.jobs) }, () => work(shared)))
shared.end()
const wrong = [...results.values()].filter(({ fault }) => fault !== null)
const high = wrong.filter(({ first }) => first?.confidence === 'high')
console.log(`${results.size - wrong.length} of ${results.size} right, ${high.length} wrong with high confidence`)
if (values.write) writeFileSync(path.join(ROOT, 'docs/sweep.md'), toMarkdown([...results.values()]))
process.exitCode = wrong.length === 0 ? 0 : 1
