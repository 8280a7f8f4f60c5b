/**
 * A sealed incident into the outbox, and the delivery process started. Before the watch thread hears that the bundle is
 * sealed, since it may end the process at once; a small file and a fork, and whatever fails costs nothing but a later
 * delivery. Nothing waits for the network here.
 */
import type { ChildProcess } from 'node:child_process'
import path from 'node:path'
import type { Settings } from '../../config/settings-table.js'
import { CONFIG_FILE_VARIABLE } from '../../config/settings-table.js'
import { putOrder, waitingIncidents } from '../../sinks/outbox/orders.js'
import { launchDelivery } from '../../sinks/launch-delivery.js'

/** Where incidents go may stand in the settings file too, which only the delivery process reads. */
export function isDelivered(settings: Settings, env: NodeJS.ProcessEnv): boolean {
  return settings.sinkTo !== null || (env[CONFIG_FILE_VARIABLE] ?? '').trim() !== ''
}

/** Never throws. @returns the launcher, which ends within moments and should be waited for; null when none was started */
export function deliverLater(bundle: string, env: NodeJS.ProcessEnv): ChildProcess | null {
  try {
    putOrder(path.dirname(bundle), path.basename(bundle), null)
    return launchDelivery(path.dirname(bundle), env).launcher
  } catch {
    // No room for the order, or no process may be started: `conductor-diag ship` and the next start look for themselves.
    return null
  }
}

/** At the start of a worker: what waits is tried again. Never throws. */
export function deliverWhatWaits(
  directories: readonly string[],
  sealed: readonly string[],
  env: NodeJS.ProcessEnv,
): void {
  for (const directory of directories) {
    try {
      for (const bundle of sealed) {
        if (path.dirname(bundle) === directory) putOrder(directory, path.basename(bundle), null)
      }
      if (waitingIncidents(directory).size > 0) launchDelivery(directory, env)
    } catch {
      // As above.
    }
  }
}
