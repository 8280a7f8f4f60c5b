/** AbortSignal: fires once, by a timer or by whoever has its controller. */
import type { Family } from './family.js'

export const signals: Family = {
  waypoints: ['AbortSignal'],
  guards: ['AbortSignal'],
  describe: () => ({ kind: 'abort-signal' }),
}
