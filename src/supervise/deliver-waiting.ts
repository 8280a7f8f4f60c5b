/** Starts the delivery process for what a worker left in its outbox. It costs the supervisor a fork, no waiting. */
import { launchDelivery } from '../sinks/launch-delivery.js'
import { waitingIncidents } from '../sinks/outbox/orders.js'

/** Never throws: the next end of a worker, its next start and `ship` all look again. */
export function deliverWaiting(directories: readonly string[], env: NodeJS.ProcessEnv): void {
  for (const directory of directories) {
    try {
      if (waitingIncidents(directory).size > 0) launchDelivery(directory, env)
    } catch {
      // No process may be started.
    }
  }
}
