// One scenario on one Node, from one side, in one variant: start, let it wedge, look, judge, end.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { addonPath, missingAddon } from './addons.mjs'
import { judge } from './judge.mjs'
import { startServices } from './services.mjs'
import { SURROUNDINGS } from './surroundings.mjs'
import { writeVariant } from './variants.mjs'

export const ROOT = path.resolve(import.meta.dirname, '../../..')
const CLI = path.join(ROOT, 'bin/conductor-diag.js')
const AGENT = path.join(ROOT, 'dist/index.js')
const WEDGE_MS = 40_000
const DUMP_MS = 90_000
const BUNDLE_MS = 45_000
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

export function nodeBinary(major) {
  return path.join(ROOT, `test/nodes/node_modules/node${major}/bin/node`)
}

/** @returns `{status: 'right' | 'wrong' | 'skipped', ...}`; never throws. */
export async function runTrial({ scenario, major, side, variant, keep }) {
  const label = { scenario: scenario.name, node: major, side, variant }
  const skipped = reasonToSkip(scenario, major, side)
  if (skipped !== null) return { ...label, status: 'skipped', why: skipped }
  const folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'stall-scenario-')))
  const closing = []
  try {
    return { ...label, ...(await attempt({ scenario, major, side, variant, folder, closing, keep })) }
  } catch (error) {
    return { ...label, status: 'wrong', why: `the trial failed: ${error.message}` }
  } finally {
    for (const close of closing.toReversed())
      await Promise.resolve()
        .then(close)
        .catch(() => {})
    rmSync(folder, { recursive: true, force: true })
  }
}

function reasonToSkip(scenario, major, side) {
  if (side === 'inside' && scenario.inside?.nodes?.includes(major) === false) return `not from inside on Node ${major}`
  if (scenario.nodes !== undefined && !scenario.nodes.includes(major)) return `not on Node ${major}`
  if (scenario.addon !== undefined) {
    const missing = missingAddon(scenario.addon, major)
    if (missing !== null) return missing
  }
  return scenario.surroundings === undefined ? null : SURROUNDINGS[scenario.surroundings].unavailable()
}

async function attempt({ scenario, major, side, variant, folder, closing, keep }) {
  const around =
    scenario.surroundings === undefined
      ? {}
      : await SURROUNDINGS[scenario.surroundings].prepare({ folder, node: nodeBinary(major) })
  closing.push(() => around.close?.())
  const services = await startServices(around.controls ?? {})
  closing.push(() => services.close())
  const built = writeVariant(scenario.program, variant, folder)
  const bundles = path.join(folder, 'bundles')
  const child = start({ scenario, major, side, built, folder, bundles, around, services })
  closing.push(async () => {
    around.beforeEnd?.()
    await end(child)
  })
  await wedged(child, scenario)
  if (scenario.settleMs > 0 && side === 'outside') await pause(scenario.settleMs)
  await around.afterWedge?.(child.pid)
  if (around.afterWedge && scenario.settleMs > 0 && !scenario.control) {
    await pause(scenario.crowdedMs ?? Math.min(scenario.settleMs, 1_000))
  }
  const startedAt = performance.now()
  const found =
    side === 'outside' ? await dump(child.pid, scenario.dump) : await bundle(bundles, scenario.control === true)
  const tookMs = Math.round(performance.now() - startedAt)
  const judged = judge({ scenario, side, variant, built, found, major })
  if (judged.status === 'wrong' && keep !== undefined)
    keepEvidence(keep, `${scenario.name}-${major}-${side}-${variant}`, { found, said: child.saidLast?.() })
  return { tookMs, ...judged }
}

/** What was seen where the answer was wrong, for whoever mends it. */
function keepEvidence(folder, name, seen) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, `${name}.json`), JSON.stringify(seen, null, 1))
}

function start({ scenario, major, side, built, folder, bundles, around, services }) {
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    ...(scenario.addon === undefined ? {} : { NODE_PATH: addonPath(major) }),
    ...services.env,
    FOLDER: folder,
    PROGRAM: built.program,
    POLL: (side === 'inside' ? scenario.inside?.poll : undefined) ?? scenario.poll ?? 'poll',
    WEDGE_AT: String(scenario.wedgeAt ?? 6),
    NAME: 'orders',
    ...scenario.env,
    ...(side === 'inside' ? { ...insideSettings(bundles), ...scenario.inside?.env } : {}),
    ...around.env,
  }
  for (const name of Object.keys(env)) if (env[name] === undefined) delete env[name]
  const preload = side === 'inside' ? ['--require', AGENT] : []
  const command = [...(around.prefix ?? []), nodeBinary(major), ...(scenario.flags ?? []), ...preload, built.entry]
  // A group of its own, so that what it started ends with it.
  return spawn(command[0], command.slice(1), {
    env,
    cwd: folder,
    detached: true,
    stdio: ['ignore', around.stdout ?? 'ignore', 'pipe'],
  })
}

function insideSettings(bundles) {
  return {
    CONDUCTOR_STALL_DIR: bundles,
    // Evidence only: what the watchdog does afterwards is not the question here.
    CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '0',
    CONDUCTOR_STALL_WARN_SECONDS: '3',
    CONDUCTOR_STALL_EVENT_LOOP_WARN_SECONDS: '2',
    CONDUCTOR_STALL_PROFILE_SECONDS: '1',
  }
}

function wedged(child, scenario) {
  return new Promise((resolve, reject) => {
    let text = ''
    child.saidLast = () => text
    const timer = setTimeout(
      () => reject(new Error(`it did not wedge in ${WEDGE_MS} ms: ${text.slice(-500)}`)),
      WEDGE_MS,
    )
    const done = () => {
      clearTimeout(timer)
      resolve()
    }
    child.stderr.on('data', (chunk) => {
      text = (text + chunk).slice(-4_000)
      if (text.includes('WEDGED')) done()
    })
    child.once('error', reject)
    child.once('exit', (code, signal) => reject(new Error(`the worker ended (${code ?? signal}): ${text.slice(-500)}`)))
    if (scenario.wedgeAtStart) setTimeout(done, 300)
  })
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It ended by itself meanwhile.
    return
  }
  await gone
}

/** What `conductor-diag dump --json` says of a process, or a reason. */
function dump(pid, args = []) {
  return new Promise((resolve) => {
    const tool = spawn(process.execPath, [CLI, 'dump', String(pid), '--json', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: DUMP_MS,
      killSignal: 'SIGKILL',
    })
    let text = ''
    let errors = ''
    tool.stdout.on('data', (chunk) => (text += chunk))
    tool.stderr.on('data', (chunk) => (errors += chunk))
    tool.once('close', (code) => {
      try {
        resolve({ manifest: JSON.parse(text) })
      } catch {
        resolve({ why: `dump ended with ${code}: ${errors.slice(-400)}` })
      }
    })
  })
}

/** The first sealed bundle; for a control, none for as long as twice the thresholds. */
async function bundle(folder, control) {
  const until = performance.now() + (control ? 8_000 : BUNDLE_MS)
  while (performance.now() < until) {
    for (const name of entries(folder)) {
      if (name.endsWith('.partial')) continue
      const text = textOf(path.join(folder, name, 'incident.json'))
      if (text !== null) return { manifest: JSON.parse(text) }
    }
    await pause(200)
  }
  return control ? { manifest: null } : { why: `no sealed bundle in ${BUNDLE_MS} ms: ${entries(folder).join(' ')}` }
}

function entries(folder) {
  try {
    return readdirSync(folder)
  } catch {
    // Made with the first bundle.
    return []
  }
}

function textOf(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // Not a bundle, or not sealed yet.
    return null
  }
}
