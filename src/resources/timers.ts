/** Timeout and Immediate (lib/internal/timers.js): due by `_idleStart`, ms since the environment's start. */
import type { Family } from './family.js'
import type { NodeObject } from './node-object.js'

/** Due time of a Timeout in ms after the isolate's own start; null for one that is not running. */
export function timerDue(
  timer: NodeObject,
): { readonly afterMs: number; readonly dueAtMs: number; readonly repeats: boolean } | null {
  const afterMs = timer.number('_idleTimeout')
  const started = timer.number('_idleStart')
  if (afterMs === null || started === null || afterMs < 0) return null
  const repeat = timer.number('_repeat')
  return { afterMs, dueAtMs: started + afterMs, repeats: repeat !== null && repeat > 0 }
}

export const timers: Family = {
  classes: ['Timeout', 'Immediate'],
  guards: ['Timeout'],
  describe(object, { uptimeMs }) {
    const due = timerDue(object)
    if (due === null) return { kind: 'timer' }
    const dueInMs = uptimeMs === null ? undefined : Math.round(due.dueAtMs - uptimeMs)
    return {
      kind: 'timer',
      afterMs: due.afterMs,
      ...(due.repeats ? { repeats: true } : {}),
      ...(dueInMs === undefined ? {} : { dueInMs, sinceMs: Math.max(0, due.afterMs - dueInMs) }),
    }
  },
}
