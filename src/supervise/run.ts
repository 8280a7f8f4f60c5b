/** `conductor-diag run`, put together: the supervisor with real processes, signals, tombstones and stderr. */
import path from 'node:path'
import { readSettings } from '../config/settings.js'
import { bundleDirectories, existingDirectories } from '../incident/directory.js'
import { openStderrSink } from '../log/stderr-sink.js'
import { deliverWaiting } from './deliver-waiting.js'
import type { RunEvent } from './events.js'
import { formatEvent } from './events.js'
import { explainEnd } from './explain-end.js'
import { startGuard } from './guard.js'
import { workerCommand } from './preload.js'
import { handleSignals } from './signals.js'
import { Supervisor, type SupervisorOptions } from './supervisor.js'
import { WorkerProcess } from './worker-process.js'

export interface RunOptions extends SupervisorOptions {
  readonly command: readonly [string, ...string[]]
  /** Where bundles go; null: as the settings say. */
  readonly dir: string | null
  /** Events as JSON instead of lines for a person. */
  readonly json: boolean
}

/** The package's entry: what `--require conductor-stall-agent` loads. */
const AGENT = path.resolve(__dirname, '../index.js')

/** @returns the exit code for this process, when no worker runs any more. */
export async function runSupervised(options: RunOptions, env: NodeJS.ProcessEnv): Promise<number> {
  const dir = options.dir === null ? null : path.resolve(options.dir)
  const candidates = bundleDirectories(env, dir ?? readSettings(env).settings.dir)
  const report = reporter(options.json)
  const named = `${process.pid}-${Date.now()}`
  let starts = 0
  let run = ''

  const supervisor = new Supervisor(
    {
      start: () => {
        starts += 1
        run = `${named}-${starts}`
        return WorkerProcess.start(workerCommand(options.command, env, AGENT, dir, run))
      },
      explain: (end) => {
        // The worker's own delivery process may have been ended with it (a container's, a service's).
        deliverWaiting(existingDirectories(candidates), env)
        return explainEnd(end, run, existingDirectories(candidates))
      },
      guard: (worker) => {
        const guard = startGuard(worker.pid, (reason) => report({ event: 'unguarded', reason }))
        return () => guard.dismiss()
      },
      report,
    },
    options,
  )
  const release = handleSignals({
    end: (signal) => supervisor.end(signal),
    passOn: (signal) => supervisor.passOn(signal),
    stop: () => {
      supervisor.passOnToGroup('SIGSTOP')
      process.kill(process.pid, 'SIGSTOP')
    },
    resume: () => supervisor.passOnToGroup('SIGCONT'),
  })
  try {
    return await supervisor.run()
  } finally {
    release()
  }
}

/** Never blocking: a full stderr pipe must not keep the supervisor from its work. */
function reporter(json: boolean): (event: RunEvent) => void {
  const sink = openStderrSink()
  return (event) => {
    const line = `${formatEvent(event, json, Date.now())}\n`
    if (sink.unavailable === null) sink.write(line)
    else process.stderr.write(line)
  }
}
