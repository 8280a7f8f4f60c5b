/**
 * The capture thread: all disk, /proc, memory and inspector work. Started by the watch thread at a stall, gone
 * afterwards. It may crash, run out of memory or hang: the watch thread then says so and goes on without it.
 *
 * CommonJS, loaded by `require`: with libuv's pool exhausted an ES module would never be read. Synchronous fs only.
 */
import type { ChildProcess } from 'node:child_process'
import { parentPort, workerData } from 'node:worker_threads'
import { readSettings } from '../../config/settings.js'
import type { Settings } from '../../config/settings-table.js'
import type { CapturedLook } from '../../model/look.js'
import { ClockReader, monotonicMs } from '../../heartbeat/clock-reader.js'
import { bundleDirectories } from '../../incident/directory.js'
import { identifyProcess } from '../../investigate/identity.js'
import { investigateInside, takeEarlyLook } from '../../investigate/inside.js'
import type { Progress } from '../../investigate/investigation-plan.js'
import type { ProcessIdentity } from '../../model/process-identity.js'
import { createRedactor, type Redactor } from '../../redact/redactor.js'
import { setLoadGate } from '../../platform/native-calls.js'
import { openLoadGate } from '../shared/load-gate.js'
import { answerOf } from './capture-answer.js'
import { deliverLater, isDelivered } from '../shared/deliver-later.js'
import { keepWithin } from '../short-threads/housekeeping.js'
import type { CaptureThreadData, FromCapture } from '../shared/messages.js'

const data = workerData as CaptureThreadData
setLoadGate(openLoadGate(data.clocks))

function say(message: FromCapture): void {
  parentPort?.postMessage(message)
}

/** The watch thread's deadline, on this thread's own clock. */
function deadlineHere(): number {
  return performance.now() + (data.deadlineMs - monotonicMs())
}

function identify(settings: Settings, redactor: Redactor): ProcessIdentity {
  const identity = identifyProcess({
    pid: process.pid,
    root: '/proc/self',
    node: process.version,
    v8: process.versions.v8,
    agent: true,
    redactArguments: (argv) => redactor.argv(argv),
  })
  return {
    ...identity,
    service: settings.service ?? identity.service,
    version: settings.version ?? identity.version,
  }
}

function nameOf(progress: Progress): string {
  return progress.step === 'look' ? `look ${progress.look} of ${progress.of}` : progress.step
}

async function main(): Promise<void> {
  const { settings } = readSettings(process.env)
  const redactor = createRedactor()
  const reader = new ClockReader(data.clocks)
  const clocks = () => reader.read()
  say({ type: 'progress', step: 'identity' })
  const identity = identify(settings, redactor)
  const deadlineMs = deadlineHere()
  const { agentTids } = data
  if (data.mode === 'look') {
    const round = await takeEarlyLook({ process: identity, agentTids, clocks, deadlineMs, redactor })
    say({ type: 'looked', look: JSON.stringify(round) })
    return
  }
  const directories = bundleDirectories(process.env, settings.dir)
  const result = await investigateInside({
    stall: data.stall,
    settings: {
      ...settings,
      profileMs: data.profileMs ?? settings.profileMs,
      locals: data.locals ?? settings.locals,
    },
    process: identity,
    directories,
    clocks,
    tasks: () => reader.readTasks(),
    ended: reader.readEnded(),
    agentTids,
    earlier: data.earlyLooks.map((look) => JSON.parse(look) as CapturedLook),
    deadlineMs,
    residentBytesBefore: data.residentBytes,
    looksAtMs: data.looksAtMs,
    onProgress: (progress) => say({ type: 'progress', step: nameOf(progress) }),
    redactor,
  })
  const { bundle } = result
  // What somebody asked for goes where that person says.
  const wanted = bundle?.status === 'sealed' && data.stall.trigger !== 'manual' && isDelivered(settings, process.env)
  const launcher = wanted ? deliverLater(bundle.path, process.env) : null
  say({ type: 'done', answer: answerOf(result) })
  // Afterwards: the watchdog does not wait for it. A turn later, since an error overtakes messages on their way.
  setImmediate(() => keepWithin(directories, settings.maxDiskBytes))
  if (launcher) await ended(launcher)
}

const LAUNCH_LIMIT_MS = 5000

/** This thread's loop is the one that reaps it. */
async function ended(launcher: ChildProcess): Promise<void> {
  await new Promise<void>((resolve) => {
    launcher.once('exit', () => resolve())
    launcher.once('error', () => resolve())
    setTimeout(resolve, LAUNCH_LIMIT_MS)
  })
}

// A promise that is waited for keeps no thread alive: without this one could end in the middle, with nothing said.
const alive = setInterval(() => undefined, 60_000)
// An exception ends this thread and reaches the watch thread as its `error`: nothing to do here.
void main().finally(() => clearInterval(alive))
