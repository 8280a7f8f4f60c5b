/** `fresh-connections`: is it the server that is silent, or the worker's kept connection to it? From inside only. */
import type { ConnectionToTry, FreshConnection } from '../model/evidence.js'
import type { Target } from '../model/target.js'
import type { Capability } from './capability.js'
import type { Capturer } from './capturer.js'
import { tryConnection } from './fresh-connection.js'

/** A server that needs longer for an answer to OPTIONS is no proof of anything. */
const AT_MOST_MS = 3000

export function createFreshConnectionsCapturer(
  places: readonly ConnectionToTry[],
): Capturer<readonly FreshConnection[]> {
  return {
    name: 'fresh-connections',
    supports(target: Target): Capability {
      // Another process may have another network: what works from there says nothing of the worker.
      return target.inside ? 'yes' : { no: 'only from inside the worker, whose network it is about' }
    },
    capture(_session, { deadlineMs, signal }) {
      const untilMs = Math.min(deadlineMs, performance.now() + AT_MOST_MS)
      return Promise.all(places.map((place) => tryConnection(place, untilMs, signal)))
    },
  }
}
