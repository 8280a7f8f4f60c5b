/** `conductor-diag run`, put together: the supervisors with real processes, signals, tombstones and stderr. */
import path from 'node:path'
import { readSettingsWithFile } from '../config/settings-file.js'
import type { Settings } from '../config/settings-table.js'
import { bundleDirectories, existingDirectories, type DirectoryCandidate } from '../incident/directory.js'
import { deliverWaiting } from './deliver-waiting.js'
import { explainEnd } from './explain-end.js'
import { startGuard } from './guard.js'
import { IncidentHook } from './incident-hook.js'
import { lookEveryMs, observeWorker } from './observe.js'
import { captureOutside } from './outside-capture.js'
import type { OutsideLimits } from './outside-watch.js'
import { watchParent } from './parent-watch.js'
import { workerCommand } from './preload.js'
import { startReaper } from './reaper.js'
import { openReport, type Report } from './report.js'
import { handleSignals } from './signals.js'
import { Supervisor, type SupervisorOptions, type SupervisorParts } from './supervisor.js'
import { WorkerProcess } from './worker-process.js'

export interface RunOptions extends SupervisorOptions {
  readonly command: readonly [string, ...string[]]
  /** Where bundles go; null: as the settings say. */
  readonly dir: string | null
  /** Events as JSON, as lines for a person; null: JSON unless stderr is a terminal. */
  readonly json: boolean | null
  /** How many of them run side by side. */
  readonly workers: number
  /** A shell command for each incident; null: none. */
  readonly onIncident: string | null
  /** From outside, ms; 0: never, null: the watchdog's time-out, its grace and a little. */
  readonly outsideMs: number | null
  /** From the start to the first poll or listening port, ms; 0: no deadline, null: once an earlier start had one. */
  readonly readyMs: number | null
  /** Goes on when npx, npm or a shell that started it is gone. */
  readonly outliveParent: boolean
}

/** The package's entry: what `--require conductor-stall-agent` loads. */
const AGENT = path.resolve(__dirname, '../index.js')
/** The agent inside goes first: what it is about to do is not done twice. */
const MARGIN_MS = 10_000

/** What is common to all workers of one `run`. */
interface Run {
  readonly options: RunOptions
  readonly settings: Settings
  /** The environment, with what the settings file says. */
  readonly env: NodeJS.ProcessEnv
  readonly dir: string | null
  readonly candidates: readonly DirectoryCandidate[]
  readonly report: Report
  readonly hook: IncidentHook
  /** Pids that Node waits for itself. */
  readonly children: Set<number>
  readonly name: string
}

/** @returns the exit code for this process, when no worker runs any more: the first that is not 0. */
export async function runSupervised(options: RunOptions, ownEnv: NodeJS.ProcessEnv): Promise<number> {
  const { settings, warnings, env } = readSettingsWithFile(ownEnv)
  const dir = options.dir === null ? null : path.resolve(options.dir)
  const report = openReport(options.json)
  for (const warning of warnings) report({ event: 'setting', warning })
  const run: Run = {
    options,
    settings,
    env: withLogFormat({ ...env }, options.json),
    dir,
    candidates: bundleDirectories(env, dir ?? settings.dir),
    report,
    hook: new IncidentHook(options.onIncident, (reason) => report({ event: 'hook-failed', reason })),
    children: new Set(),
    name: `${process.pid}-${Date.now()}`,
  }
  const supervisors = Array.from(
    { length: options.workers },
    (_, index) => new Supervisor(partsOf(run, options.workers === 1 ? null : index + 1), options),
  )
  const each = (act: (supervisor: Supervisor) => void) => () => supervisors.forEach(act)
  const release = [
    handleSignals({
      end: (signal) => each((supervisor) => supervisor.end(signal))(),
      passOn: (signal) => each((supervisor) => supervisor.passOn(signal))(),
      stop: () => {
        each((supervisor) => supervisor.passOnToGroup('SIGSTOP'))()
        process.kill(process.pid, 'SIGSTOP')
      },
      resume: each((supervisor) => supervisor.passOnToGroup('SIGCONT')),
    }),
    options.outliveParent
      ? () => undefined
      : watchParent(ownEnv, (starter) => {
          report({ event: 'parent-gone', starter })
          each((supervisor) => supervisor.end('SIGTERM'))()
        }),
    process.pid === 1
      ? startReaper(
          (pid) => run.children.has(pid) || run.hook.has(pid),
          (reason) => report({ event: 'no-reaper', reason }),
        )
      : () => undefined,
  ]
  try {
    const codes = await Promise.all(supervisors.map((supervisor) => supervisor.run()))
    await run.hook.settled()
    return codes.find((code) => code !== 0) ?? 0
  } finally {
    for (const end of release) end()
  }
}

/** People at a terminal read the worker's lines too. */
function withLogFormat(env: NodeJS.ProcessEnv, json: boolean | null): NodeJS.ProcessEnv {
  if ((json ?? !process.stderr.isTTY) || env['CONDUCTOR_STALL_LOG_FORMAT'] !== undefined) return env
  return { ...env, CONDUCTOR_STALL_LOG_FORMAT: 'text' }
}

/** @param index which of several workers, from 1; null when there is one */
function partsOf(shared: Run, index: number | null): SupervisorParts {
  const { options, settings, env, dir, candidates, hook, children, name } = shared
  const report: Report = index === null ? shared.report : (event) => shared.report({ ...event, worker: index })
  let starts = 0
  let run = ''
  // Of any earlier start: what a worker once did it is expected to do again.
  let wasReady = false
  let hadLoop = false

  const environment = (): NodeJS.ProcessEnv => ({
    ...env,
    ...(index === null ? {} : { CONDUCTOR_STALL_WORKER: String(index) }),
    ...(hadLoop && env['CONDUCTOR_STALL_STARTUP_TIMEOUT_SECONDS'] === undefined
      ? { CONDUCTOR_STALL_STARTUP_TIMEOUT_SECONDS: String(settings.stallTimeoutMs / 1000) }
      : {}),
  })
  const limits = (): OutsideLimits => {
    const insideMs = settings.stallTimeoutMs === 0 ? 0 : settings.stallTimeoutMs + settings.graceMs + MARGIN_MS
    return { timeoutMs: options.outsideMs ?? insideMs, readyMs: options.readyMs ?? (wasReady ? insideMs : 0) }
  }
  return {
    start: async () => {
      starts += 1
      run = `${name}-${index === null ? '' : `${index}-`}${starts}`
      const worker = await WorkerProcess.start(workerCommand(options.command, environment(), AGENT, dir, run))
      children.add(worker.pid)
      void worker.ended.then(() => children.delete(worker.pid))
      return worker
    },
    explain: (end) => {
      // The worker's own delivery process may have been ended with it (a container's, a service's).
      deliverWaiting(existingDirectories(candidates), env)
      const ended = explainEnd(end, run, existingDirectories(candidates))
      const { incident = null, bundle = null, verdict = null, reason = '' } = ended.watchdog ?? {}
      if (incident !== null) hook.tell({ incident, bundle, verdict, pid: ended.pid, reason })
      return ended
    },
    guard: (worker) => {
      const guard = startGuard(worker.pid, (reason) => report({ event: 'unguarded', reason }))
      if (guard.pid !== undefined) children.add(guard.pid)
      return () => guard.dismiss(() => children.delete(guard.pid ?? -1))
    },
    observe: (worker, trouble) => {
      const its = limits()
      let isWatched = false
      return observeWorker(
        worker,
        {
          limits: its,
          everyMs: lookEveryMs(its),
          capture: (pid, stall) => captureOutside({ pid, stall, directories: candidates }),
          looked: (ready, status, pid) => {
            wasReady ||= ready
            if (status !== null && !isWatched) report({ event: 'watched', pid, agent: status.agent })
            isWatched ||= status !== null
            hadLoop ||= status?.clocks.some((clock) => clock.kind !== 'event-loop') === true
            const incident = status?.lastIncident ?? null
            if (incident !== null) hook.tell({ incident, bundle: null, verdict: null, pid, reason: 'incident' })
          },
        },
        (found, drain) => {
          const { incident, bundle, verdict, kind, pid } = found
          if (incident !== null) hook.tell({ incident, bundle, verdict, pid, reason: kind })
          trouble(found, drain)
        },
      )
    },
    report,
  }
}
