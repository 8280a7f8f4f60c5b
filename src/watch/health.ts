/**
 * What a prober may know of a worker: alive, and ready. Pure: clocks in, an answer out.
 *
 * Alive until the watchdog should have ended it: a kubelet that acts at the first silence would kill the evidence while
 * it is collected.
 */
import type { ObservedClock } from '../heartbeat/clock-reader.js'
import { eventLoopStallMs, examine, type WatchSettings } from './breach.js'

export interface HealthSettings extends WatchSettings {
  readonly graceMs: number
}

/** What the clocks don't tell. */
export interface HealthContext {
  /** It ends itself, or is about to be ended. */
  readonly leaving: boolean
  /** Whether any poll loop ever began. */
  readonly anyLoopSeen: boolean
  /** Clocks whose stall the watchdog has looked at and decided not to act on (a debugger holds the process). */
  readonly forgiven: ReadonlySet<string>
}

export interface Health {
  readonly alive: boolean
  readonly ready: boolean
  /** One sentence each; empty when all is well. */
  readonly reasons: readonly string[]
}

/** The tombstone, the end through the inspector, and a busy machine. */
const MARGIN_MS = 15_000

export function healthOf(clocks: readonly ObservedClock[], settings: HealthSettings, context: HealthContext): Health {
  const loopStallMs = eventLoopStallMs(clocks, settings)
  const reasons: string[] = []
  let alive = true
  for (const clock of clocks) {
    const breach = examine(clock, settings, loopStallMs)
    if (breach === null) continue
    const { trigger, level, ageMs, thresholdMs } = breach
    const lasted = `for ${Math.round(ageMs / 100) / 10} s (limit ${thresholdMs / 1000} s)`
    const what = { 'event-loop': 'has not turned', 'poll-success': 'got no answer', ended: 'is gone' }
    reasons.push(`${clock.name} ${trigger in what ? what[trigger as keyof typeof what] : 'is silent'} ${lasted}`)
    // Unanswered polls end a worker only where a restart is the cure, which no prober can know.
    const ends = level === 'stall' && trigger !== 'poll-success' && !context.forgiven.has(clock.name)
    if (ends && ageMs >= thresholdMs + settings.graceMs + MARGIN_MS) alive = false
  }
  if (clocks.length === 0) reasons.push('the event loop has not been seen yet')
  if (settings.startupTimeoutMs > 0 && !context.anyLoopSeen) reasons.push('no poll loop has started yet')
  if (context.leaving) reasons.push('it is ending')
  return { alive, ready: reasons.length === 0, reasons }
}
