// What a dump costs: the whole command beside `node -e 0`, the capture alone, a repeat in a resident reader, the pause
// of --stop measured inside the target; and gdb and py-spy on a process that sleeps, where they are installed. All in
// one run, so that the machine is the same.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { median, quantile, ROOT, round } from './measure.mjs'

const require = createRequire(import.meta.url)
const NODES = [20, 22, 24, 26]
const PAUSE = path.join(ROOT, 'bench/programs/longest-gap.cjs')
const PYTHON_PAUSE = path.join(ROOT, 'bench/programs/longest-gap.py')

const BETWEEN_STOPS_MS = 60

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
  const { openMemoryTarget } = require(path.join(ROOT, 'build/capture/memory-target.js'))
  const { readStacks } = require(path.join(ROOT, 'build/capture/stacks-capturer.js'))
  const cli = path.join(ROOT, 'bin/conductor-diag.js')
  const rows = []

  progress('node -e 0')
  rows.push(row('node -e 0', time(runs, process.execPath, ['-e', '0'])))
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
      rows.push(row(`Node ${major}: whole command, one look`, whole, { aim: '250 ms', limit: 250 }))
      rows.push(row(`Node ${major}: the capture`, anew, { aim: '30 ms', limit: 30 }))
      rows.push(row(`Node ${major}: a repeat, resident`, resident, { aim: '5 ms', limit: 5 }))
      if (major === 22) {
        const gdb = time(Math.min(runs, 5), 'gdb', ['-p', String(pid), '-batch', '-ex', 'bt'])
        rows.push(row('gdb -p PID -batch -ex bt (native frames only)', gdb))
      }
    })
  }
  progress('py-spy')
  const wedge = 'print(1, flush=True)\nimport sys\nsys.stdin.read()'
  const python = await whileRunning('python3', ['-c', wedge], {}, ({ pid }) =>
    time(runs, 'py-spy', ['dump', '--pid', String(pid)]),
  )
  rows.push(row('py-spy dump of the same wedge in Python', python))
  const engine = { openMemoryTarget, readStacks }
  for (const loaded of [false, true]) {
    progress(loaded ? 'pauses, loaded' : 'pauses, quiet')
    const busy = loaded ? cpus().map(() => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' })) : []
    try {
      rows.push(...(await pauses(runs, engine, loaded ? 'all cores loaded' : 'quiet', python !== null)))
    } finally {
      for (const child of busy) child.kill('SIGKILL')
    }
  }
  return rows
}

/** What a spinning process itself sees of being left alone, of `--stop`, and of py-spy in the same run. */
async function pauses(runs, { openMemoryTarget, readStacks }, machine, hasPySpy) {
  const between = async () => await sleep(BETWEEN_STOPS_MS)
  const alone = await gapsOf(async () => await sleep(runs * BETWEEN_STOPS_MS))
  const outside = []
  const stopped = await gapsOf(async (pid) => {
    const target = { pid, startTicks: null, procRoot: `/proc/${pid}`, inside: false }
    const memory = openMemoryTarget(target)
    try {
      for (let left = runs; left > 0; left--) {
        memory.refresh()
        const { pausedMs } = readStacks(memory, { target, stop: true, deadlineMs: performance.now() + 5000 })
        if (pausedMs > 0) outside.push(pausedMs)
        await between()
      }
    } finally {
      memory.dispose()
    }
  })
  const others = hasPySpy
    ? await gapsOf(
        async (pid) => {
          for (let left = runs; left > 0; left--) {
            time(1, 'py-spy', ['dump', '--pid', String(pid)])
            await between()
          }
        },
        ['python3', PYTHON_PAUSE],
      )
    : null
  // Each stop is one gap; the machine adds gaps of its own, which the run left alone shows.
  const longest = (gaps) => gaps?.slice(0, runs) ?? null
  const pySpy = longest(others)
  const aim = pySpy === null ? {} : { aim: "no more than py-spy's", limit: median(pySpy) }
  return [
    row(`${machine}: the ${runs} longest gaps of a busy process, left alone`, longest(alone)),
    row(`${machine}: the same, ${outside.length} stops by --stop in ${runs} looks`, longest(stopped), aim),
    row(`${machine}: those stops, as the reader measures them`, outside.length === 0 ? null : outside),
    row(`${machine}: the same of a busy Python, dumped ${runs} times by py-spy`, pySpy),
  ]
}

/** Longest first, ms: everything that `meanwhile` does lies within what the process measures. */
async function gapsOf(meanwhile, command = [process.execPath, PAUSE]) {
  const folder = mkdtempSync(path.join(tmpdir(), 'gaps-'))
  const end = path.join(folder, 'end')
  try {
    const [program, file] = command
    return await whileRunning(program, [file, end], {}, async (child) => {
      // whileRunning has read the line by which it says that it measures.
      let text = ''
      child.stdout.on('data', (chunk) => (text += chunk))
      const ended = once(child.stdout, 'end')
      await meanwhile(child.pid)
      writeFileSync(end, '')
      await ended
      return JSON.parse(text)
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
