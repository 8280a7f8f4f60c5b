// A loaded server with captures forced every few seconds and looks from outside beside them, next to the same server
// without the agent: requests lost, crashes, growth, delay of the event loop. Then the same with the agent in trouble.
//
//   npm run soak -- --minutes 10            each variant for as long, on Node 20
//   npm run soak -- --minutes 1 --only 'full disk' --node 26
import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'

const ROOT = path.resolve(import.meta.dirname, '../..')
const COMMAND = path.join(ROOT, 'bin/conductor-diag.js')
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    node: { type: 'string', default: '20' },
    only: { type: 'string' },
    rate: { type: 'string', default: '50' },
  },
})
const endMs = Number(values.minutes) * 60_000
const NODE = path.join(ROOT, `test/nodes/node_modules/node${values.node}/bin/node`)

const unshared = (script) => (argv) => ['unshare', '-m', '/bin/sh', '-c', `${script} && exec "$0" "$@"`, ...argv]
const VARIANTS = [
  { name: 'captures and looks from outside' },
  { name: 'watch thread ended', env: { SOAK_BEREFT: '1' }, captures: false },
  { name: 'capture thread out of memory', env: { CONDUCTOR_STALL_CAPTURE_MEMORY_MB: '4' } },
  { name: 'a full disk', wrap: unshared('mount -t tmpfs -o size=256k none "$CONDUCTOR_STALL_DIR"'), root: true },
  { name: 'starved (nice 19 on one core, three rivals on it)', starved: true },
  {
    name: 'clocks moved by 40 days',
    wrap: (argv) => ['unshare', '-T', '--monotonic', '3456000', '--boottime', '3456000', ...argv],
    root: true,
  },
  { name: 'near the heap limit', flags: ['--max-old-space-size=64'], env: { SOAK_BALLAST_MB: '36' } },
]

function ask(port, url, agent) {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, path: url, agent, timeout: 30_000 }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text) => (body += text))
      response.on('end', () => resolve(body))
    })
    request.on('timeout', () => request.destroy(new Error('no answer in 30 s')))
    request.on('error', reject)
  })
}

/** What the kernel knows of it; null once it is gone. */
function countsOf(pid) {
  try {
    const memoryMb = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
    const fds = readdirSync(`/proc/${pid}/fd`)
    const sockets = fds.filter((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:')
      } catch {
        return false
      }
    }).length
    return { memoryMb, descriptors: fds.length, sockets, threads: readdirSync(`/proc/${pid}/task`).length }
  } catch {
    return null
  }
}

async function start(variant, watched) {
  const dir = mkdtempSync(path.join(tmpdir(), 'stall-soak-'))
  const preload = watched ? ['--require', path.join(ROOT, 'dist/index.js')] : []
  const plain = [NODE, ...(variant.flags ?? []), ...preload, path.join(import.meta.dirname, 'loaded-worker.cjs')]
  const [file, ...args] = (variant.wrap ?? ((argv) => argv))(plain)
  const env = {
    PATH: process.env.PATH,
    HOME: dir,
    CONDUCTOR_STALL_DIR: dir,
    CONDUCTOR_STALL_PROFILE_SECONDS: '0',
    CONDUCTOR_STALL_MAX_DISK_MB: '20',
    CONDUCTOR_STALL_MAX_PER_HOUR: '1000',
    CONDUCTOR_STALL_COOLDOWN_SECONDS: '0',
    ...variant.env,
  }
  if (watched && variant.captures !== false) env.SOAK_CAPTURE_SECONDS = '3'
  if (!watched) delete env.SOAK_BEREFT
  const command = variant.starved ? ['nice', '-n', '19', 'taskset', '-c', '0', file, ...args] : [file, ...args]
  const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'ignore'], env })
  const [line] = await Promise.race([
    new Promise((resolve) => createInterface({ input: child.stdout }).once('line', (text) => resolve([text]))),
    new Promise((_resolve, reject) => child.once('exit', (code) => reject(new Error(`ended at once with ${code}`)))),
  ])
  const server = {
    child,
    dir,
    port: Number(line.split(' ')[1]),
    asked: 0,
    lost: 0,
    ended: null,
    samples: [],
    delays: [],
    captured: null,
  }
  child.once('exit', (code, signal) => (server.ended = signal ?? code))
  return server
}

/** A steady stream of requests; what is not answered is lost. */
function load(server) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 32 })
  const timer = setInterval(
    () => {
      server.asked += 1
      ask(server.port, '/work', agent).catch(() => (server.lost += 1))
    },
    1000 / Number(values.rate),
  )
  const sample = async () => {
    const counts = countsOf(server.child.pid)
    if (counts) server.samples.push(counts)
    const stats = await ask(server.port, '/stats', agent).then(JSON.parse, () => null)
    if (!stats) return
    server.delays.push(stats)
    server.captured = stats.captured
  }
  const watch = setInterval(() => void sample(), 5000)
  return () => {
    clearInterval(timer)
    clearInterval(watch)
    agent.destroy()
  }
}

/** Looks from outside, one recording after the other, a dump between them. Gives how many, and what failed. */
async function lookAt(pid, until) {
  const run = (...args) =>
    new Promise((resolve) => {
      execFile(process.execPath, [COMMAND, ...args], { timeout: 60_000 }, (error, stdout, stderr) =>
        resolve({ error, stdout, stderr }),
      )
    })
  let looks = 0
  let failed = 0
  while (performance.now() < until()) {
    const recorded = await run('record', String(pid), '-d', '10', '-r', '100', '-f', 'collapsed', '-o', '-')
    for (const [, count] of recorded.stdout.matchAll(/ (\d+)$/gm)) looks += Number(count)
    const dumped = await run('dump', String(pid), '--stacks-only')
    if (!dumped.error) looks += 1
    failed += Number(Boolean(recorded.error)) + Number(Boolean(dumped.error))
  }
  return { looks, failed }
}

const BURN = 'for (;;);'

async function measure(variant) {
  const rivals = variant.starved
    ? [1, 2, 3].map(() => spawn('taskset', ['-c', '0', process.execPath, '-e', BURN], { stdio: 'ignore' }))
    : []
  const bare = await start(variant, false)
  const watched = await start(variant, true)
  const stops = [load(bare), load(watched)]
  const until = performance.now() + endMs
  const { looks, failed } = await lookAt(watched.child.pid, () => (watched.ended === null ? until : 0))
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, until - performance.now())))
  const outcome = [bare, watched].map(({ asked, lost, ended }) => ({ asked, lost, ended }))
  for (const stop of stops) stop()
  for (const { child, dir } of [bare, watched]) {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await ended
    }
    rmSync(dir, { recursive: true, force: true })
  }
  for (const rival of rivals) rival.kill('SIGKILL')
  return { bare: { ...bare, ...outcome[0] }, watched: { ...watched, ...outcome[1] }, looks, failed }
}

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN
/** Median of the last third less that of the second: what still grows after the warm-up. */
function growth(samples, name) {
  const third = Math.floor(samples.length / 3)
  const of = (part) => median(part.map((each) => each[name]))
  return of(samples.slice(2 * third)) - of(samples.slice(third, 2 * third))
}
const signed = (value) => `${value >= 0 ? '+' : ''}${Math.round(value * 10) / 10}`

const HEAD = [
  'variant',
  'requests',
  'lost, with / without',
  'ended by itself',
  'captures sealed / refused',
  'looks from outside',
  'loop delay p99, with / without (ms)',
  'memory with / without (MB)',
  'growth of memory (MB), descriptors, sockets, threads',
]
const row = (cells) => `| ${cells.join(' | ')} |`
console.log([row(HEAD), row(HEAD.map(() => '---'))].join('\n'))
let faults = 0
for (const variant of VARIANTS) {
  if (values.only && !variant.name.includes(values.only)) continue
  if (variant.root && process.getuid?.() !== 0) {
    console.log(row([variant.name, 'skipped: needs root']))
    continue
  }
  const { bare, watched, looks, failed } = await measure(variant)
  const refused = Object.entries(watched.captured?.none ?? {}).map(([code, count]) => `${count} ${code}`)
  const p99 = ({ delays }) => median(delays.map((each) => each.p99))
  const memory = ({ samples }) => Math.round(median(samples.map((each) => each.memoryMb)))
  console.log(
    row([
      variant.name,
      String(watched.asked),
      `${watched.lost} / ${bare.lost}`,
      watched.ended === null ? 'no' : `YES: ${String(watched.ended)}`,
      `${watched.captured?.sealed ?? 0} / ${refused.join(', ') || '0'}`,
      `${looks}${failed > 0 ? ` (${failed} commands failed)` : ''}`,
      `${p99(watched)} / ${p99(bare)}`,
      `${memory(watched)} / ${memory(bare)}`,
      ['memoryMb', 'descriptors', 'sockets', 'threads'].map((name) => signed(growth(watched.samples, name))).join(', '),
    ]),
  )
  if (watched.lost > bare.lost || watched.ended !== null) faults += 1
}
console.log(faults === 0 ? 'ok' : `FAULTS: ${faults}`)
process.exitCode = faults === 0 ? 0 : 1
