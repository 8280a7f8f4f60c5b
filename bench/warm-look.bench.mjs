// One more look at the stack of a stuck main thread: ours from outside, out of memory, as `record` takes it; and
// @sentry-internal/node-native-stacktrace from a thread inside, by V8's interrupts. That one is quick where JavaScript
// runs, and has no answer while the thread is in a system call.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { median, nodeLines, PROGRAMS, quantile, ROOT, round } from './measure.mjs'

export const title = 'A warm look at one stack'

const require = createRequire(import.meta.url)
const PEERS = path.join(ROOT, 'bench/peers')
const STUCK = { computing: ['spinning.cjs'], 'in spawnSync': ['blocked-in-child.cjs'] }
const AIM_MS = 0.15
/** Until V8 has compiled the reader. */
const WARM_UP = 1_500

export async function run({ quick, progress }) {
  const hasPeer = installPeers()
  const looks = quick ? 300 : 2_000
  const rows = []
  for (const { name, path: node } of nodeLines()) {
    for (const [what, [program]] of Object.entries(STUCK)) {
      progress(`${name}, ${what}`)
      rows.push(await ourRow(`${name}: ours, ${what}`, node, program, looks))
    }
    if (!hasPeer) continue
    progress(`${name}, the peer`)
    rows.push(peerRow(`${name}: the peer, computing`, askPeer(node, 'spin', quick ? 50 : 200)))
    rows.push(peerRow(`${name}: the peer, in spawnSync`, askPeer(node, 'spawn', 1)))
  }
  return rows
}

function installPeers() {
  if (existsSync(path.join(PEERS, 'node_modules'))) return true
  const args = ['ci', '--prefix', PEERS, '--ignore-scripts', '--no-audit', '--no-fund']
  return spawnSync('npm', args, { stdio: 'ignore' }).status === 0
}

/** It can only be killed, once it has answered. */
function askPeer(node, kind, count) {
  const { stdout } = spawnSync(node, [path.join(PROGRAMS, 'watched-by-sentry.cjs'), kind, String(count)], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  return JSON.parse(stdout)
}

function peerRow(what, { ms, frames }) {
  return rowOf(what, ms, frames)
}

function rowOf(what, ms, frames) {
  const value = median(ms)
  return { what, value: round(value, 3), unit: 'ms', note: `95 %: ${round(quantile(ms, 0.95), 3)}; frames: ${frames}` }
}

async function ourRow(what, node, program, looks) {
  const { openMemoryTarget } = require(path.join(ROOT, 'build/capture/memory-target.js'))
  const { readThread } = require(path.join(ROOT, 'build/capture/read-thread.js'))
  const { StackReader } = require(path.join(ROOT, 'build/v8/stack/thread-stack.js'))
  const child = spawn(node, [path.join(PROGRAMS, program)], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    await once(child.stdout, 'data')
    await sleep(300)
    const { pid } = child
    const memory = openMemoryTarget({ pid, startTicks: null, procRoot: `/proc/${pid}`, inside: false })
    const main = memory.isolates().matched.find((each) => each.tid === memory.mainTid)
    const reader = new StackReader(memory.heap)
    const ms = []
    let frames = 0
    for (let index = 0; index < WARM_UP + looks; index++) {
      const startedMs = performance.now()
      reader.nextLook([main.isolate.address])
      const look = readThread(reader, memory.root, main)
      if (index < WARM_UP) continue
      ms.push(performance.now() - startedMs)
      frames = Math.max(frames, look.frames.length)
    }
    memory.dispose()
    const row = rowOf(what, ms, frames)
    return { ...row, aim: `${AIM_MS} ms`, ok: row.value <= AIM_MS }
  } finally {
    child.kill('SIGKILL')
  }
}
