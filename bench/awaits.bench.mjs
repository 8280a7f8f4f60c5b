// The await tree of a process under load: how long a look takes (first and repeat), what it costs the reader and the
// target, and what a heap snapshot of the same process costs. Larger heaps with STALL_BENCH_LARGE=1 (needs 8 GB).
import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

export const title = 'Await tree, target under load'

const PROGRAMS = path.join(import.meta.dirname, 'programs')
const require = createRequire(import.meta.url)
const large = process.env.STALL_BENCH_LARGE === '1'
const round = (number, digits = 0) => Number(number.toFixed(digits))

export async function run({ quick, progress }) {
  const heaps = quick ? [20] : large ? [20, 200, 1000, 3000] : [20, 200]
  const counts = quick ? [1000] : large ? [10, 1000, 10_000, 100_000] : [10, 1000, 10_000]
  const rows = []
  for (const megabytes of heaps) {
    progress(`${megabytes} MB of heap`)
    rows.push(...(await measure(1000, megabytes, !quick && (megabytes <= 20 || large) && megabytes <= 200)))
  }
  for (const count of counts) {
    progress(`${count} suspended`)
    rows.push(...(await measure(count, 5, false)))
  }
  return [...rows, ...(await pstree(rows))]
}

async function measure(count, megabytes, withSnapshot) {
  const flags = [`--max-old-space-size=${megabytes * 3 + 500}`, ...(withSnapshot ? ['--inspect=127.0.0.1:0'] : [])]
  const target = spawn(process.execPath, [...flags, path.join(PROGRAMS, 'await-target.mjs'), count, megabytes], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let errors = ''
  target.stderr.on('data', (data) => (errors += data))
  const lines = createInterface({ input: target.stdout })[Symbol.asyncIterator]()
  const ask = async () => {
    target.stdin.write('count\n')
    return JSON.parse((await lines.next()).value)
  }
  try {
    await lines.next()
    await delay(1000)
    const a = await ask()
    const t0 = performance.now()
    await delay(1500)
    const b = await ask()
    const t1 = performance.now()
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [path.join(PROGRAMS, 'await-reader.mjs'), target.pid],
      {
        maxBuffer: 1 << 24,
      },
    )
    const c = await ask()
    const t2 = performance.now()
    const read = JSON.parse(stdout)
    const ratio = (c.operations - b.operations) / (t2 - t1) / ((b.operations - a.operations) / (t1 - t0))
    const name = `${count} suspended, ${round(read.first.heapMb)} MB`
    const scan = (look) => round(look.heapMb / (look.scanMs / 1000))
    const rows = [
      {
        what: `${name}: first look`,
        value: round(read.first.ms),
        unit: `ms (${scan(read.first)} MB/s scanned)`,
        note: `what leaves wait for: ${round(read.first.waitsMs)} ms`,
      },
      {
        what: `${name}: repeat`,
        value: round(read.repeat.ms),
        unit: `ms (${scan(read.repeat)} MB/s scanned)`,
        note: `what leaves wait for: ${round(read.repeat.waitsMs)} ms`,
      },
      {
        what: `${name}: reader`,
        value: round(read.rssMb),
        unit: 'MB resident at most',
        ...(megabytes === 1000 ? { aim: 'at most 150', ok: read.rssMb <= 150 } : {}),
      },
      {
        what: `${name}: target's work meanwhile`,
        value: round(ratio * 100),
        unit: '% of before',
        note: `longest gap ${round(c.longestGapMs)} ms, before ${round(b.longestGapMs)} ms`,
      },
    ]
    if (withSnapshot) rows.push(await snapshotRow(name, errors, read))
    return rows
  } finally {
    target.stdin.end()
    target.kill('SIGKILL')
    await once(target, 'exit').catch(() => {})
  }
}

async function snapshotRow(name, errors, read) {
  const built = (file) => require(path.resolve(import.meta.dirname, '../build', file))
  const { connectToSocket } = built('inspector/connection/socket-connection.js')
  const { awaitsFromSnapshot } = built('inspector/heap/snapshot-awaits.js')
  const deadlineMs = performance.now() + 300_000
  const connection = await connectToSocket(/ws:\/\/\S+/.exec(errors)[0], deadlineMs)
  try {
    const tree = await awaitsFromSnapshot(connection, { maxHeapBytes: 4e9, maxReaderBytes: 4e9, deadlineMs })
    const times = tree.pausedMs / read.first.ms
    return {
      what: `${name}: heap snapshot`,
      value: round(tree.pausedMs),
      unit: 'ms of pause',
      note: `${round(times, 1)} times the first look, ${round(tree.pausedMs / read.repeat.ms, 1)} times a repeat, which pauses nothing`,
    }
  } finally {
    connection.disconnect()
  }
}

/** CPython's own answer to the same question, where it is installed: `python -m asyncio pstree`. */
async function pstree(rows) {
  const python = ['python3.14', 'python3.15'].find((name) => spawnSync(name, ['--version']).status === 0)
  if (python === undefined) return []
  const program =
    'import asyncio\nasync def leaf(): await asyncio.get_running_loop().create_future()\nasync def main():\n  ts=[asyncio.create_task(leaf()) for _ in range(10000)]\n  await asyncio.sleep(0)\n  print("READY",flush=True)\n  await asyncio.gather(*ts)\nasyncio.run(main())'
  const target = spawn(python, ['-c', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    await once(target.stdout, 'data')
    const started = performance.now()
    spawnSync(python, ['-m', 'asyncio', 'pstree', target.pid], { maxBuffer: 1 << 28 })
    const ms = performance.now() - started
    const ours = rows.find((row) => row.what.startsWith('10000 suspended') && row.what.endsWith('repeat'))
    return [
      {
        what: '10,000 tasks: asyncio pstree',
        value: round(ms),
        unit: 'ms',
        note: ours ? `ours: ${ours.value} ms` : '',
      },
    ]
  } finally {
    target.kill('SIGKILL')
  }
}
