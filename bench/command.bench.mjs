// What the command line takes as a whole, from the shell's point of view, beside `node -e 0`: on every Node line.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { promisify } from 'node:util'
import { median, nodeLines, PROGRAMS, ROOT, round } from './measure.mjs'

export const title = 'The command line, whole commands'

const MAX_TIMES = 3
const DIAG = path.join(ROOT, 'bin/conductor-diag.js')

export async function run({ quick, progress }) {
  const rows = []
  for (const line of nodeLines()) rows.push(...(await rowsOf(line, quick, (text) => progress(`${line.name}, ${text}`))))
  return rows
}

async function rowsOf({ name, path: node }, quick, progress) {
  const target = spawn(node, [path.join(PROGRAMS, 'blocked.cjs')], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    await once(target.stdout, 'data')
    const pid = String(target.pid)
    const commands = {
      'node -e 0': ['-e', '0'],
      '--help': [DIAG, '--help'],
      'dump --stacks-only': [DIAG, 'dump', pid, '--stacks-only'],
      'dump --samples 1 --engine memory': [DIAG, 'dump', pid, '--samples', '1', '--engine', 'memory'],
    }
    const names = Object.keys(commands)
    const samples = Object.fromEntries(names.map((command) => [command, []]))
    // The first round fills caches of the system, and ours.
    for (let i = 0; i <= (quick ? 5 : 15); i++) {
      progress(`round ${i}`)
      for (let k = 0; k < names.length; k++) {
        const command = names[(i + k) % names.length]
        const sample = await timed(node, commands[command])
        if (i > 0) samples[command].push(sample)
      }
    }
    const bare = samples['node -e 0']
    return names.map((command) => {
      const ms = round(median(samples[command].map((sample) => sample.ms)), 0)
      const cpuMs = round(median(samples[command].map((sample) => sample.cpuMs)), 0)
      const row = { what: `${name}: ${command}`, value: ms, unit: `ms, ${cpuMs} of CPU` }
      if (command === 'node -e 0') return row
      // Of each round's own pair: what changes from round to round cancels out.
      const times = round(median(samples[command].map((sample, i) => sample.ms / bare[i].ms)), 1)
      const cpuTimes = round(median(samples[command].map((sample, i) => sample.cpuMs / bare[i].cpuMs)), 1)
      const note = `${times} times node -e 0 (${cpuTimes} in CPU)`
      return { ...row, note, aim: `${MAX_TIMES} times`, ok: times <= MAX_TIMES }
    })
  } finally {
    target.kill('SIGKILL')
  }
}

/** By the shell's `time`, which counts threads and children. */
async function timed(node, args) {
  const script = 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>&1'
  const { stderr } = await promisify(execFile)('/bin/bash', ['-c', script, 'bash', node, ...args])
  const [real, user, system] = stderr.trim().split(' ').map(Number)
  return { ms: real * 1000, cpuMs: (user + system) * 1000 }
}
