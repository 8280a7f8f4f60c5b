// What the command line takes as a whole, from the shell's point of view, beside `node -e 0`: on every Node line.
import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { promisify } from 'node:util'
import { median, nodeLines, PROGRAMS, ROOT, round } from './measure.mjs'

export const title = 'The command line, whole commands'

const DIAG = path.join(ROOT, 'bin/conductor-diag.js')
/** `dump` waits between its two looks, which is no work. */
const BETWEEN_LOOKS_MS = 500
const lacksTerminal = spawnSync('script', ['--version']).error !== undefined

/** `times`: at most so many times `node -e 0`; `ms`: at most so long; `lessMs`: of what is waited, not worked. */
const COMMANDS = {
  'node -e 0': { args: () => ['-e', '0'] },
  '--help': { args: () => [DIAG, '--help'], times: 3 },
  'dump --stacks-only': { args: ({ blocked }) => [DIAG, 'dump', blocked, '--stacks-only'], times: 3 },
  'dump, one look': { args: ({ blocked }) => [DIAG, 'dump', blocked, '--samples', '1', '--engine', 'memory'] },
  // It runs only while it is looked at: the others are measured without it.
  'dump, running JavaScript': { args: ({ busy }) => [DIAG, 'dump', busy], awake: 'busy', ms: 1000 },
  'dump, 10,000 awaits, less the half second': {
    args: ({ many }) => [DIAG, 'dump', many],
    times: 12,
    lessMs: BETWEEN_LOOKS_MS,
  },
}

export async function run({ quick, progress }) {
  const rows = []
  for (const line of nodeLines()) rows.push(...(await rowsOf(line, quick, (text) => progress(`${line.name}, ${text}`))))
  return rows
}

async function rowsOf({ name, path: node }, quick, progress) {
  const targets = await startTargets(node)
  try {
    const names = Object.keys(COMMANDS)
    const samples = Object.fromEntries(names.map((command) => [command, []]))
    const firsts = []
    // The first round fills caches of the system, and ours.
    for (let i = 0; i <= (quick ? 5 : 15); i++) {
      progress(`round ${i}`)
      for (let k = 0; k < names.length; k++) {
        const command = names[(i + k) % names.length]
        const { args, awake } = COMMANDS[command]
        if (awake !== undefined) targets.signal(awake, 'SIGCONT')
        const sample = await timed(node, args(targets.pids))
        if (awake !== undefined) targets.signal(awake, 'SIGSTOP')
        if (i > 0) samples[command].push(sample)
      }
      if (!lacksTerminal) firsts.push(await firstAnswerMs(node, targets.pids.blocked))
    }
    return [
      ...names.map((command) =>
        rowOf(`${name}: ${command}`, COMMANDS[command], samples[command], samples['node -e 0']),
      ),
      ...(lacksTerminal ? [] : [firstRow(name, firsts.slice(1))]),
    ]
  } finally {
    targets.end()
  }
}

async function startTargets(node) {
  const programs = { blocked: ['blocked.cjs'], busy: ['spinning.cjs'], many: ['many-awaits.cjs', '10000'] }
  const children = Object.entries(programs).map(([name, [file, ...args]]) => ({
    name,
    child: spawn(node, [path.join(PROGRAMS, file), ...args], { stdio: ['ignore', 'pipe', 'inherit'] }),
  }))
  await Promise.all(children.map(({ child }) => once(child.stdout, 'data')))
  const pids = Object.fromEntries(children.map(({ name, child }) => [name, String(child.pid)]))
  process.kill(Number(pids.busy), 'SIGSTOP')
  return {
    pids,
    signal: (name, signal) => process.kill(Number(pids[name]), signal),
    end: () => children.forEach(({ child }) => child.kill('SIGKILL')),
  }
}

function rowOf(what, { times, ms: limitMs, lessMs = 0 }, taken, bare) {
  const ms = round(median(taken.map((sample) => sample.ms)) - lessMs, 0)
  const cpuMs = round(median(taken.map((sample) => sample.cpuMs)), 0)
  const row = { what, value: ms, unit: `ms, ${cpuMs} of CPU` }
  if (taken === bare) return row
  // Of each round's own pair: what changes from round to round cancels out.
  const ratio = round(median(taken.map((sample, i) => (sample.ms - lessMs) / bare[i].ms)), 1)
  const cpuRatio = round(median(taken.map((sample, i) => sample.cpuMs / bare[i].cpuMs)), 1)
  const timesAim = times === undefined ? {} : { aim: `${times} times`, ok: ratio <= times }
  const msAim = limitMs === undefined ? {} : { aim: `${limitMs} ms`, ok: ms <= limitMs }
  return { ...row, ...timesAim, ...msAim, note: `${ratio} times node -e 0 (${cpuRatio} in CPU)` }
}

function firstRow(name, firsts) {
  const ms = round(median(firsts), 0)
  return { what: `${name}: dump at a terminal, first stacks`, value: ms, unit: 'ms', aim: '250 ms', ok: ms <= 250 }
}

/** From the start of the command until the main thread's line stands on a terminal. */
async function firstAnswerMs(node, pid) {
  const startedMs = performance.now()
  const child = spawn(
    'script',
    ['-qec', `stty rows 40 cols 120; ${[node, DIAG, 'dump', pid].join(' ')}`, '/dev/null'],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  )
  let seen = ''
  let ms = Number.NaN
  child.stdout.on('data', (data) => {
    seen += data
    if (Number.isNaN(ms) && seen.includes('Main thread:')) ms = performance.now() - startedMs
  })
  await once(child, 'close')
  return ms
}

/** By the shell's `time`, which counts threads and children. */
async function timed(node, args) {
  const script = 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>&1'
  const { stderr } = await promisify(execFile)('/bin/bash', ['-c', script, 'bash', node, ...args])
  const [real, user, system] = stderr.trim().split(' ').map(Number)
  return { ms: real * 1000, cpuMs: (user + system) * 1000 }
}
