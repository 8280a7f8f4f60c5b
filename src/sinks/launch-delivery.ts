/**
 * Starts the delivery process. Two steps, since whoever starts it may end at once or never look at its children again:
 * this starts a launcher, which starts the process in a session of its own and ends, so that no zombie is left of either.
 * Node core only: the agent's threads call it.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'

const ENTRY = path.join(__dirname, 'delivery-process.js')

export interface Launch {
  /** The launcher: it ends at once. Whoever lives on should wait for that, or leave a zombie. */
  readonly launcher: ChildProcess
}

/** Names in the settings are meant from here. A folder that was removed under the process has no name any more. */
function workingFolder(): string {
  try {
    return process.cwd()
  } catch {
    return '/'
  }
}

/** @param directory of the bundles. Throws when no process can be started: under the permission model, out of pids. */
export function launchDelivery(directory: string, env: NodeJS.ProcessEnv): Launch {
  // Neither the worker's preloads nor its debugger.
  const { NODE_OPTIONS: _preloads, NODE_V8_COVERAGE: _coverage, ...rest } = env
  const launcher = spawn(process.execPath, [ENTRY, '--launch', directory, workingFolder()], {
    // No pipe of the worker's is held open by what outlives it.
    stdio: 'ignore',
    detached: true,
    env: rest,
    // The worker's folder may be gone tomorrow, or be one that has to be unmounted.
    cwd: '/',
  })
  // Started or not: the order is on disk, and the next start delivers it.
  launcher.on('error', () => undefined)
  launcher.unref()
  return { launcher }
}
