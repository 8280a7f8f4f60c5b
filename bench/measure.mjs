// Small statistics, and child processes that report one JSON object on stdout.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'

export const ROOT = path.resolve(import.meta.dirname, '..')
export const PRELOAD = path.join(ROOT, 'dist/index.js')
export const PROGRAMS = path.join(import.meta.dirname, 'programs')

export function median(numbers) {
  return quantile(numbers, 0.5)
}

export function quantile(numbers, q) {
  const sorted = numbers.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * q
  const low = Math.floor(at)
  return sorted[low] + (sorted[Math.ceil(at)] - sorted[low]) * (at - low)
}

/** Bounds that hold the true median in 95 of 100 runs, from the spread of the sample itself (bootstrap). */
export function medianBounds(numbers, rounds = 2000) {
  let seed = 1
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647
  const medians = Array.from({ length: rounds }, () =>
    median(numbers.map(() => numbers[Math.floor(random() * numbers.length)])),
  )
  return [quantile(medians, 0.025), quantile(medians, 0.975)]
}

export const round = (number, digits = 2) => Number(number.toFixed(digits))

/** The Node lines that the tests installed; without them the one that runs this. */
export function nodeLines() {
  const lines = [20, 22, 24, 26].map((major) => ({
    name: `Node ${major}`,
    path: path.join(ROOT, `test/nodes/node_modules/node${major}/bin/node`),
  }))
  const installed = lines.filter((line) => existsSync(line.path))
  return installed.length > 0 ? installed : [{ name: `Node ${process.version}`, path: process.execPath }]
}

/** Runs a program of bench/programs and gives what it printed. */
export async function report(program, { node = process.execPath, args = [], flags = [], env = {} } = {}) {
  const file = path.join(PROGRAMS, program)
  const { stdout } = await promisify(execFile)(node, [...flags, file, ...args], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, CONDUCTOR_STALL_DIR: '/nonexistent/bundles', ...env },
  })
  return JSON.parse(stdout)
}

/** The three ways in which a worker may be watched: not at all, by a bare Worker (the least there is), by the agent. */
export const VARIANTS = {
  nothing: { flags: [], args: ['nothing'] },
  worker: { flags: [], args: ['worker'] },
  agent: { flags: ['--require', PRELOAD], args: ['agent'] },
}

/** One variant after the other in each round, in changing order, so that a busy moment hits all of them. */
export async function interleave(rounds, measure, progress) {
  const names = Object.keys(VARIANTS)
  const samples = Object.fromEntries(names.map((name) => [name, []]))
  for (let i = 0; i < rounds; i++) {
    progress(`round ${i + 1} of ${rounds}`)
    for (let k = 0; k < names.length; k++) {
      const name = names[(i + k) % names.length]
      samples[name].push(await measure(VARIANTS[name]))
    }
  }
  return samples
}
