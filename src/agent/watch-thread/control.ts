/** The agent's side of the control socket: what `conductor-diag` asks of a process that has the agent. */
import type { Settings } from '../../config/settings-table.js'
import type { Logger } from '../../log/logger.js'
import type { LineSink } from '../../log/line-sink.js'
import { StallError } from '../../model/stall-error.js'
import { VERSION } from '../../model/version.js'
import type { CaptureResult, ControlStatus } from '../../platform/control/protocol.js'
import { startControlServer } from '../../platform/control/server.js'
import { readStat } from '../../platform/procfs/stat.js'
import { readStatus } from '../../platform/procfs/status.js'
import type { CaptureAnswer } from '../shared/messages.js'
import type { WatchLoop } from './watch-loop.js'

export interface ControlContext {
  readonly loop: WatchLoop
  readonly settings: Settings
  readonly logger: Logger
  readonly sink: LineSink
}

/** Listens if it can; the agent works without it. */
export function listenForControl(context: ControlContext): void {
  const { loop, logger } = context
  startControlServer({
    env: process.env,
    peerUid: (fd) => loop.peerUser(fd),
    handlers: {
      status: () => statusOf(context),
      capture: (command, progress) =>
        new Promise((resolve, reject) => {
          loop.captureFor({ ...command, progress: (step) => progress({ step, message: step }) }, (answer) =>
            settle(answer, resolve, reject),
          )
        }),
    },
  }).catch((error: unknown) => logger.info('there is no control socket', { err: error }))
}

function settle(answer: CaptureAnswer, resolve: (result: CaptureResult) => void, reject: (why: Error) => void): void {
  const { incident, bundlePath, verdict, problem } = answer
  if (incident !== null && bundlePath !== null) {
    resolve({ incident, path: bundlePath, verdict: verdict?.summary ?? null })
    return
  }
  const code = problem?.code ?? 'ERR_STALL_CAPTURE_FAILED'
  reject(new StallError(code, problem?.message ?? 'no bundle could be written', { help: problem?.help ?? '' }))
}

function statusOf({ loop, settings, sink }: ControlContext): ControlStatus {
  const { clocks, lastIncident, doing, dir, canExit } = loop.state()
  return {
    pid: ownPid(),
    startTicks: ownStartTicks(),
    node: process.version,
    agent: VERSION,
    service: settings.service,
    version: settings.version,
    state: doing,
    clocks,
    lastIncident,
    stallTimeoutMs: settings.stallTimeoutMs,
    warnMs: settings.warnMs,
    eventLoopWarnMs: settings.eventLoopWarnMs,
    dir,
    canExit,
    droppedLogLines: sink.dropped,
    logUnavailable: sink.unavailable,
  }
}

function ownPid(): number {
  try {
    return readStatus('/proc/self').namespacePids.at(-1) ?? process.pid
  } catch {
    // No /proc.
    return process.pid
  }
}

function ownStartTicks(): number | null {
  try {
    return readStat('/proc/self').startTicks
  } catch {
    // No /proc: the pid alone has to do.
    return null
  }
}
