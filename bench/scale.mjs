// npm run scale -- [--quick] [--only heap,timers] [--node PATH] [--json] [--docs]: what a look costs as a process grows, one thing
// at a time. The exponent is that of the cost above the smallest size: 1 is linear, 0 is no growth.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { median, PROGRAMS, ROOT, round } from './measure.mjs'
import { putInto, table } from './page.mjs'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
    only: { type: 'string' },
    node: { type: 'string', default: process.execPath },
  },
})
const DIAG = path.join(ROOT, 'bin/conductor-diag.js')
const TARGET = path.join(PROGRAMS, 'scale-target.cjs')
/** Worse than linear by more than what a busy machine makes of a linear cost. */
const LINEAR = 1.15
const LOOK = ['--samples', '1', '--json', '--engine', 'memory']

/** `sizes`: in full and with --quick; `flags` of the target's Node. */
const AXES = {
  heap: {
    unit: 'MB of heap',
    sizes: [20, 200, 1000, 3000],
    quick: [20, 100],
    command: dump,
    flags: (n) => heapFlag(n * 3),
  },
  functions: {
    unit: 'suspended functions',
    sizes: [10, 1000, 10_000, 100_000, 1_000_000],
    quick: [10, 1000, 10_000],
    command: dump,
    flags: (n) => heapFlag(n / 300),
  },
  timers: {
    unit: 'timers',
    sizes: [10, 1000, 10_000, 100_000, 1_000_000],
    quick: [10, 1000, 10_000],
    command: dump,
    flags: (n) => heapFlag(n / 1000),
  },
  sockets: { unit: 'sockets', sizes: [10, 1000, 5000, 20_000], quick: [10, 1000], command: dump },
  threads: { unit: 'threads', sizes: [1, 8, 32, 64], quick: [1, 8], command: dump },
  processes: { unit: 'processes, ps', sizes: [10, 100, 500], quick: [5, 20], command: () => ['ps', '--json'] },
  clocks: {
    unit: 'clocks, one turn of the watch thread',
    sizes: [1, 64, 256, 1000, 10_000],
    quick: [1, 64, 256, 1000],
  },
}

function dump(pid) {
  return ['dump', String(pid), ...LOOK]
}

function heapFlag(megabytes) {
  return [`--max-old-space-size=${Math.ceil(500 + megabytes)}`]
}

async function withTarget(axis, size, use) {
  const target = spawn(values.node, [...(AXES[axis].flags?.(size) ?? []), TARGET, axis, String(size)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  try {
    const [got] = await once(createInterface({ input: target.stdout }), 'line')
    return await use(target.pid, Number(got))
  } finally {
    target.stdin.end()
    await once(target, 'exit')
  }
}

/** Of one command: ms on the clock and of CPU, its largest resident memory, what it says of itself. */
async function timed(args) {
  const started = performance.now()
  // The command tells its own cost at its end, on a descriptor of its own.
  const script = `process.argv.splice(1, 1, ${JSON.stringify(DIAG)}); process.on('exit', () => { const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage(); require('node:fs').writeSync(3, JSON.stringify({ cpuMs: (userCPUTime + systemCPUTime) / 1000, maxMb: maxRSS / 1024 })) }); require(${JSON.stringify(DIAG)})`
  const child = spawn(process.execPath, ['-e', script, '--', DIAG, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  const texts = ['', '', '', '']
  for (const index of [1, 2, 3]) child.stdio[index].on('data', (data) => (texts[index] += data))
  const [code] = await once(child, 'close')
  if (texts[3] === '') throw new Error(`${args.join(' ')} ended with ${code}: ${texts[2]}`)
  return { ms: performance.now() - started, ...JSON.parse(texts[3]), cut: cutsOf(texts[1]), code }
}

/** What the answer itself says it has left out. */
function cutsOf(text) {
  const { missing = [], awaitNotes = [] } = JSON.parse(text)
  const reasons = missing.filter(({ why }) => !['ERR_STALL_NOT_ENABLED', 'ERR_STALL_NOTHING_RUNNING'].includes(why))
  return [...awaitNotes, ...reasons.map(({ what, message }) => `${what}: ${message}`)]
}

async function measureCommand(axis, wanted) {
  return await withTarget(axis, wanted, async (pid, size) => {
    const runs = []
    for (let count = 0; count < (values.quick ? 1 : 3); count++) {
      runs.push(await timed(AXES[axis].command(pid)))
      // What takes long is told well enough by one run.
      if (runs[0].ms > 5000) break
    }
    const of = (name) => median(runs.map((run) => run[name]))
    return {
      size,
      ms: of('ms'),
      cpuMs: of('cpuMs'),
      maxMb: of('maxMb'),
      cut: [...new Set(runs.flatMap(({ cut }) => cut))].join('; '),
    }
  })
}

/** In this thread: the board with as many clocks as it holds, and how many of them it had no room for. */
function measureClocks(size) {
  const require = createRequire(import.meta.url)
  const { ClockBoard } = require(path.join(ROOT, 'build/heartbeat/clock-board.js'))
  const { observeClocks } = require(path.join(ROOT, 'build/heartbeat/clock-observer.js'))
  const { MAX_CLOCKS } = require(path.join(ROOT, 'build/heartbeat/layout.js'))
  const board = new ClockBoard()
  const clocks = Array.from({ length: size }, (_, index) => board.open(`clock-${index}`, 'poll-loop'))
  const times = []
  // Enough that V8 has compiled it.
  const turns = 1000
  for (let turn = 0; turn < turns; turn++) {
    for (const clock of clocks) clock.beat()
    const started = performance.now()
    observeClocks(board.memory, 1000 + turn * 100, 0)
    times.push(performance.now() - started)
  }
  const cut = size > MAX_CLOCKS ? `${size - MAX_CLOCKS} have no room: ${MAX_CLOCKS} are watched` : ''
  return { size, ms: median(times.slice(turns / 2)), cpuMs: median(times.slice(turns / 2)), maxMb: null, cut }
}

/** Of the straight line through log size and log cost, the cost of the smallest taken off. */
function exponentOf(points) {
  const [least, ...rest] = points
  const grown = rest
    .map(({ size, cpuMs }) => [size - least.size, cpuMs - least.cpuMs])
    // Less than this is what two runs of one and the same thing differ by.
    .filter(([, cost]) => cost > Math.max(least.cpuMs * 0.1, 0))
    .map((pair) => pair.map(Math.log))
  if (grown.length === 0) return 0
  if (grown.length === 1) return null
  const mean = (index) => grown.reduce((sum, pair) => sum + pair[index], 0) / grown.length
  const [x, y] = [mean(0), mean(1)]
  const above = grown.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0)
  return above / grown.reduce((sum, [a]) => sum + (a - x) ** 2, 0)
}

const SIZES_HEAD = ['', 'size', 'time', 'CPU', 'memory of the reader', 'left out']
const GROWTH_HEAD = ['', 'exponent', 'not worse than linear']
const only = values.only?.split(',')
const tables = []
if (!values.json) console.log('| | size | time | CPU | memory of the reader | left out |\n|---|---|---|---|---|---|')
for (const [axis, { unit, sizes, quick }] of Object.entries(AXES)) {
  if (only && !only.includes(axis)) continue
  const points = []
  for (const size of values.quick ? quick : sizes) {
    const point = axis === 'clocks' ? measureClocks(size) : await measureCommand(axis, size)
    points.push(point)
    if (!values.json) console.log(rowOf(unit, point))
  }
  const exponent = exponentOf(points)
  tables.push({ axis, unit, points, exponent, ok: exponent === null || exponent <= LINEAR })
}
const machine = { node: process.version, cpus: os.cpus().length, load: round(os.loadavg()[0], 1) }
if (values.json) console.log(JSON.stringify({ machine, tables }, null, 1))
else {
  console.log('\n| | exponent | not worse than linear |\n|---|---|---|')
  for (const { unit, exponent, ok } of tables)
    console.log(`| ${unit} | ${inWords(exponent)} | ${ok ? 'yes' : '**no**'} |`)
  console.log(`\nNode ${machine.node}, ${machine.cpus} CPUs, load ${machine.load}`)
}
if (values.docs) {
  const sizes = tables.flatMap(({ unit, points }) => points.map((point) => cellsOf(unit, point)))
  const grown = tables.map(({ unit, exponent, ok }) => [unit, inWords(exponent), ok ? 'yes' : '**no**'])
  const all = [table(SIZES_HEAD, sizes), table(GROWTH_HEAD, grown)]
  putInto('scale', all, `npm run scale${values.only === undefined ? '' : ` -- --only ${values.only}`}`)
}
process.exitCode = tables.every(({ ok }) => ok) ? 0 : 1

function cellsOf(unit, { size, ms, cpuMs, maxMb, cut }) {
  const time = (value) => `${round(value, value < 10 ? 3 : 0)} ms`
  const memory = maxMb === null ? '' : `${round(maxMb, 0)} MB`
  return [unit, size.toLocaleString('en'), time(ms), time(cpuMs), memory, cut]
}

function rowOf(unit, point) {
  return `| ${cellsOf(unit, point).join(' | ')} |`
}

function inWords(exponent) {
  if (exponent === null) return 'only the largest costs more'
  return exponent === 0 ? 'does not grow' : String(round(exponent, 2))
}
