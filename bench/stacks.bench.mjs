// What a dump costs: the whole command beside `node -e 0`, the capture alone, a repeat in a resident reader, the pause
// of --stop measured inside the target; and gdb and py-spy on a process that sleeps, where they are installed. All in
// one run, so that the machine is the same.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import path from 'node:path'
import { median, quantile, ROOT, round } from './measure.mjs'

const require = createRequire(import.meta.url)
const NODES = [20, 22, 24, 26]
const PAUSE = path.join(ROOT, 'bench/programs/longest-gap.cjs')

export const title = 'Stacks from memory'

/** Milliseconds of each run; null when the command is not there or refuses. */
function time(runs, command, args) {
  const values = []
  for (let run = 0; run < runs; run++) {
    const startedMs = performance.now()
    const { status, error } = spawnSync(command, args, { stdio: 'ignore' })
    if (error || status !== 0) return null
    values.push(performance.now() - startedMs)
  }
  return values
}

function row(what, values, { aim, limit } = {}) {
  if (values === null) return { what, value: '-', unit: '', note: 'skipped: not installed here, or refused' }
  const value = median(values)
  return {
    what,
    value: round(value, 1),
    unit: 'ms',
    note: `p95 ${round(quantile(values, 0.95), 1)}`,
    ...(aim === undefined ? {} : { aim, ok: value <= limit }),
  }
}

async function whileRunning(command, args, options, use) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'], ...options })
  child.on('error', () => undefined)
  try {
    if (child.pid === undefined) return null
    await once(child.stdout, 'data')
    return await use(child)
  } finally {
    if (child.pid !== undefined) child.kill('SIGKILL')
  }
}

export async function run({ quick, progress }) {
  const runs = quick ? 5 : 15
  const { openMemoryTarget } = require(path.join(ROOT, 'dist/capture/memory-target.js'))
  const { readStacks } = require(path.join(ROOT, 'dist/capture/stacks-capturer.js'))
  const { whileStopped } = require(path.join(ROOT, 'dist/capture/stopped-target.js'))
  const cli = path.join(ROOT, 'bin/conductor-diag.js')
  const rows = []

  progress('node -e 0')
  const bare = time(runs, process.execPath, ['-e', '0'])
  const start = median(bare)
  rows.push(row('node -e 0', bare))
  for (const major of NODES) {
    progress(`Node ${major}`)
    const node = path.join(ROOT, `test/nodes/node_modules/node${major}/bin/node`)
    const program = path.join(ROOT, 'test/fixtures/programs/truth-minified.cjs')
    await whileRunning(node, [program], { env: { TRUTH: 'read' } }, async ({ pid }) => {
      const target = { pid, startTicks: null, procRoot: `/proc/${pid}`, inside: false }
      const anew = []
      const resident = []
      for (let count = 0; count < runs; count++) {
        const startedMs = performance.now()
        const memory = openMemoryTarget(target)
        readStacks(memory, { target, deadlineMs: startedMs + 5000 })
        anew.push(performance.now() - startedMs)
        const againMs = performance.now()
        memory.refresh()
        readStacks(memory, { target, deadlineMs: againMs + 5000 })
        resident.push(performance.now() - againMs)
        memory.dispose()
      }
      const args = [cli, 'dump', String(pid), '--samples', '1', '--engine', 'memory', '--json']
      const whole = time(runs, process.execPath, args)
      rows.push(row(`Node ${major}: whole command, one look`, whole, { aim: '3 x node -e 0', limit: 3 * start }))
      rows.push(row(`Node ${major}: the capture`, anew, { aim: '30 ms', limit: 30 }))
      rows.push(row(`Node ${major}: a repeat, resident`, resident, { aim: '5 ms', limit: 5 }))
      if (major === 22) {
        const gdb = time(Math.min(runs, 5), 'gdb', ['-p', String(pid), '-batch', '-ex', 'bt'])
        rows.push(row('gdb -p PID -batch -ex bt (native frames only)', gdb))
      }
    })
  }
  progress('pauses')
  rows.push(...(await pauses(runs, whileStopped)))
  progress('py-spy')
  const wedge = 'print(1, flush=True)\nimport sys\nsys.stdin.read()'
  const python = await whileRunning('python3', ['-c', wedge], {}, ({ pid }) =>
    time(runs, 'py-spy', ['dump', '--pid', String(pid)]),
  )
  rows.push(row('py-spy dump of the same wedge in Python', python))
  return rows
}

/** The longest gap that a spinning process itself sees while it is stopped for a copy. */
async function pauses(runs, whileStopped) {
  const gaps = []
  for (const stop of [false, true]) {
    const gap = await whileRunning(process.execPath, [PAUSE], {}, async (child) => {
      const said = once(child.stdout, 'data')
      await new Promise((resolve) => setTimeout(resolve, 200))
      for (let left = stop ? runs : 0; left > 0; left--) whileStopped(child.pid, child.pid, () => null)
      const [text] = await said
      return Number(text)
    })
    gaps.push(gap)
  }
  return [
    { what: 'longest gap of a busy process, left alone', value: round(gaps[0], 2), unit: 'ms' },
    { what: `longest gap of a busy process, stopped ${runs} times`, value: round(gaps[1], 2), unit: 'ms' },
  ]
}
