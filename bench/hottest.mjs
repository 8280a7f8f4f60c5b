// node bench/hottest.mjs --node PATH [--seconds N]: the three hottest functions of one program by `record`, by `record
// --stop` and by V8's own profiler, started with the process.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { PROGRAMS, ROOT } from './measure.mjs'

export const HOT_FIVE = path.join(PROGRAMS, 'hot-five.cjs')
const CLI = path.join(ROOT, 'bin/conductor-diag.js')
const NAMES = ['alpha', 'beta', 'gamma', 'delta', 'epsilon']

/** @returns what `record` says of itself, `{samples, missed, hottest, ...}` */
export async function recordJson(pid, seconds, ...more) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'recorded-'))
  try {
    const args = [CLI, 'record', String(pid), '-d', String(seconds), '-o', path.join(folder, 'x'), '--json', ...more]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, err] = ['', '']
    child.stdout.on('data', (data) => (out += data))
    child.stderr.on('data', (data) => (err += data))
    const [code] = await once(child, 'close')
    if (code !== 0) throw new Error(`record ended with ${code}: ${err}`)
    return JSON.parse(out)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export async function withHotFive(node, use) {
  const child = spawn(node, [HOT_FIVE], { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    await once(child.stdout, 'data')
    return await use(child)
  } finally {
    child.kill('SIGKILL')
  }
}

const firstThree = (names) => names.filter((name) => NAMES.includes(name)).slice(0, 3)

async function byV8(node, seconds) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'hottest-'))
  try {
    const flags = ['--cpu-prof', '--cpu-prof-dir', folder]
    const child = spawn(node, [...flags, HOT_FIVE], {
      stdio: ['pipe', 'ignore', 'inherit'],
      env: { ...process.env, SECONDS: String(seconds) },
    })
    await once(child, 'exit')
    const { nodes } = JSON.parse(readFileSync(path.join(folder, readdirSync(folder)[0]), 'utf8'))
    const counts = new Map()
    for (const { callFrame, hitCount } of nodes) {
      counts.set(callFrame.functionName, (counts.get(callFrame.functionName) ?? 0) + hitCount)
    }
    return firstThree([...counts].sort((a, b) => b[1] - a[1]).map(([name]) => name))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/**
 * Takes twice as long again, a few times, while they do not agree: on a crowded machine a few seconds are a few samples.
 * @returns `{record, stop, v8}`, three names each, hottest first
 */
export async function hottestBy(node, seconds, attempts = 4) {
  const found = await hottestOnce(node, seconds)
  const agree = [found.record, found.stop].every((names) => names.toSorted().join() === found.v8.toSorted().join())
  return agree || attempts <= 1 ? found : await hottestBy(node, seconds * 2, attempts - 1)
}

async function hottestOnce(node, seconds) {
  const v8 = await byV8(node, seconds)
  return await withHotFive(node, async ({ pid }) => {
    const names = async (...more) =>
      firstThree((await recordJson(pid, seconds, ...more)).hottest.map((hot) => hot.function))
    return { record: await names(), stop: await names('--stop'), v8 }
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: { node: { type: 'string', default: process.execPath }, seconds: { type: 'string', default: '3' } },
  })
  console.log(JSON.stringify(await hottestBy(values.node, Number(values.seconds))))
}
