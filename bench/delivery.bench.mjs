// The end of a stalled worker is not delayed by where its incident goes: from the line that names the verdict to the end of
// the process, with no sink, with one that answers, and with one that takes the connection and never says a word.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { median, medianBounds, PRELOAD, ROOT, round } from './measure.mjs'

export const title = 'From the verdict to the end of a stalled worker'

const WORKER = path.join(ROOT, 'test/fixtures/programs/agent-worker.cjs')
/** What a busy machine alone may add to the median. */
const MAX_MS = 50

export async function run({ quick, progress }) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-delivery-'))
  const asked = { answers: 0, hangs: 0 }
  const answers = await listen((_request, response) => {
    asked.answers++
    response.end('{}')
  })
  const hangs = await listen(() => void asked.hangs++)
  const sinkAt = ({ url }) => ({ CONDUCTOR_STALL_SINK_TO: 'webhook', CONDUCTOR_STALL_SINK_WEBHOOK_URL: url })
  const variants = { none: {}, answers: sinkAt(answers), hangs: sinkAt(hangs) }
  const samples = { none: [], answers: [], hangs: [] }
  const names = Object.keys(variants)
  try {
    for (let i = 0; i < (quick ? 5 : 15); i++) {
      // In changing order, so that a busy moment hits all of them.
      for (let k = 0; k < names.length; k++) {
        const name = names[(i + k) % names.length]
        const own = path.join(folder, `${name}-${i}`)
        const before = { ...asked }
        progress(`round ${i + 1}, sink: ${name}`)
        samples[name].push(await endOf(own, variants[name]))
        // What a delivery does after the end is no part of the next sample.
        if (name !== 'none') await endDelivery(own, () => asked[name] > before[name])
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
    for (const { server } of [answers, hangs]) server.close().closeAllConnections()
  }
  const row = (name, what) => ({ what, value: round(median(samples[name]), 0), unit: 'ms' })
  const over = (name, what) => {
    const differences = samples[name].map((sample, i) => sample - samples.none[i])
    const [low, high] = medianBounds(differences)
    const value = round(median(differences), 0)
    return {
      what,
      value,
      unit: 'ms',
      note: `95 %: ${round(low, 0)} to ${round(high, 0)}`,
      aim: `at most ${MAX_MS}`,
      ok: value <= MAX_MS,
    }
  }
  return [
    row('none', 'no sink'),
    row('answers', 'a webhook that answers'),
    over('answers', '  over no sink'),
    row('hangs', 'a webhook that hangs'),
    over('hangs', '  over no sink'),
  ]
}

async function listen(handler) {
  const server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, url: `http://127.0.0.1:${server.address().port}/` }
}

/** ms from the agent's line about the incident, by the clock in it, to the end of the process. */
async function endOf(folder, sink, tries = 3) {
  const child = spawn(process.execPath, ['--require', PRELOAD, WORKER, 'loop'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      CONDUCTOR_STALL_DIR: folder,
      CONDUCTOR_STALL_WARN_SECONDS: '1',
      // Over when the evidence is there: the end follows it at once.
      CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '1.2',
      CONDUCTOR_STALL_GRACE_SECONDS: '60',
      CONDUCTOR_STALL_PROFILE_SECONDS: '0.1',
      CONDUCTOR_STALL_SINK_TIMEOUT_SECONDS: '5',
      ...sink,
    },
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text) => (said += text))
  let endedAt = 0
  child.once('exit', () => (endedAt = Date.now()))
  const [code] = await once(child, 'close')
  const lines = said.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []))
  const incident = lines.find(({ event }) => event === 'incident')
  if (code === 70 && incident !== undefined) return endedAt - incident.time
  // On a machine that is busy with other things a thread may not have been started in time.
  if (tries > 1) return await endOf(folder, sink, tries - 1)
  throw new Error(`ended with ${code} and without evidence: ${said}`)
}

/** Once it has asked the sink: that it was tried is part of what is claimed. */
async function endDelivery(folder, wasAsked) {
  await eventually(wasAsked)
  const claims = path.join(folder, 'outbox/claims')
  for (const name of existsSync(claims) ? readdirSync(claims) : []) {
    try {
      process.kill(JSON.parse(readFileSync(path.join(claims, name), 'utf8')).pid, 'SIGKILL')
    } catch {
      // It is done already.
    }
  }
}

async function eventually(isSo) {
  const deadline = performance.now() + 30_000
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error('no delivery was tried: nothing was measured')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
