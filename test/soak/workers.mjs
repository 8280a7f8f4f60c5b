// Many workers under one supervisor, each wedging itself at random: all recovered, each with its bundle, no zombie, no leaked
// descriptor, the supervisor's memory flat.
//
//   npm run soak:workers -- --minutes 10 --workers 20
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'

const ROOT = path.resolve(import.meta.dirname, '../..')
const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, workers: { type: 'string', default: '20' } },
})
const [minutes, workers] = [Number(values.minutes), Number(values.workers)]
const folder = mkdtempSync(path.join(tmpdir(), 'stall-soak-'))
const child = spawn(
  process.execPath,
  [
    path.join(ROOT, 'bin/conductor-diag.js'),
    'run',
    '--json',
    '--workers',
    String(workers),
    '--backoff-max',
    '5',
    '--drain',
    '10',
    '--dir',
    folder,
    '--',
    process.execPath,
    path.join(ROOT, 'test/soak/wedging-worker.cjs'),
  ],
  {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      SOAK_FOLDER: folder,
      SOAK_SPREAD_MS: String(Math.min(60_000, minutes * 30_000)),
      CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '20',
      CONDUCTOR_STALL_WARN_SECONDS: '6',
      CONDUCTOR_STALL_EVENT_LOOP_WARN_SECONDS: '6',
      CONDUCTOR_STALL_GRACE_SECONDS: '120',
      CONDUCTOR_STALL_PROFILE_SECONDS: '0',
      CONDUCTOR_STALL_MAX_DISK_MB: '4000',
    },
  },
)

const events = []
createInterface({ input: child.stderr }).on('line', (line) => {
  if (line.includes('"conductor-diag run"')) events.push(JSON.parse(line))
})

const statOf = (pid) => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { pid, state: fields[0], parent: Number(fields[1]), group: Number(fields[2]) }
  } catch {
    return null
  }
}
const everyProcess = () =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(statOf)
    .filter(Boolean)
const residentMb = () => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024

const samples = []
const groups = new Set()
const sample = () => {
  for (const { event, pid } of events) if (event === 'started') groups.add(pid)
  samples.push({
    memoryMb: Math.round(residentMb()),
    descriptors: readdirSync(`/proc/${child.pid}/fd`).length,
    // Its own children that nobody has waited for: one may be about to be.
    zombies: everyProcess()
      .filter(({ parent, state }) => parent === child.pid && state === 'Z')
      .map(({ pid }) => pid),
  })
}
const timer = setInterval(sample, 5000)
await new Promise((resolve) => setTimeout(resolve, minutes * 60_000))
clearInterval(timer)
sample()
const running = new Set(events.filter(({ event }) => event === 'started').map(({ pid }) => pid))
for (const { event, pid } of events) if (event === 'ended') running.delete(pid)
const alive = [...running].filter((pid) => statOf(pid) !== null).length
const askedAt = events.length
child.kill('SIGTERM')
await once(child, 'exit')
for (const { event, pid } of events) if (event === 'started') groups.add(pid)
const left = everyProcess().filter(({ group, state }) => groups.has(group) && state !== 'Z').length

const ended = events.slice(0, askedAt).filter(({ event }) => event === 'ended')
const stalled = ended.filter(({ exitCode }) => exitCode === 70)
const sealed = stalled.filter(
  ({ watchdog }) => watchdog?.bundle && existsSync(path.join(watchdog.bundle, 'incident.json')),
)
const stuck = samples.flatMap(({ zombies }, index) =>
  zombies.filter((pid) => samples[index + 1]?.zombies.includes(pid)),
)
const later = samples.slice(Math.floor(samples.length / 3))
const range = (name) =>
  `${Math.min(...later.map((each) => each[name]))} to ${Math.max(...later.map((each) => each[name]))}`
const verdicts = {}
for (const { watchdog } of stalled) verdicts[watchdog?.verdict] = (verdicts[watchdog?.verdict] ?? 0) + 1
const faults = [
  ended.length === stalled.length ? null : `${ended.length - stalled.length} ended otherwise`,
  stalled.length === sealed.length ? null : `${stalled.length - sealed.length} without a bundle`,
  stalled.length > 0 ? null : 'nobody wedged',
  stuck.length === 0 ? null : `zombies stayed: ${stuck.join(', ')}`,
  left === 0 ? null : `${left} processes stayed`,
].filter(Boolean)

console.log(
  `${minutes} minutes, ${workers} workers: ${stalled.length} wedged and were ended with 70, ${sealed.length} with a sealed bundle`,
)
console.log(`verdicts: ${JSON.stringify(verdicts)}`)
console.log(
  `at the end ${alive} of ${workers} ran; supervisor: ${range('memoryMb')} MB, ${range('descriptors')} descriptors`,
)
console.log(faults.length === 0 ? 'ok' : `FAULTS: ${faults.join('; ')}`)
if (faults.length > 0) for (const each of ended) if (each.exitCode !== 70) console.log(JSON.stringify(each))
rmSync(folder, { recursive: true, force: true })
process.exitCode = faults.length === 0 ? 0 : 1
