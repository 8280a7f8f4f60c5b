/** What is wrong with one clock at one moment: thresholds only, no memory of earlier turns. */
import type { ObservedClock } from '../heartbeat/clock-reader.js'
import type { StallLevel, StallTrigger } from '../model/stall.js'

export interface WatchSettings {
  /** 0: the watchdog is off, nothing reaches `stall`. */
  readonly stallTimeoutMs: number
  readonly warnMs: number
  readonly eventLoopWarnMs: number
  /** Null: as `eventLoopStallMs` says. */
  readonly eventLoopTimeoutMs: number | null
  /** 0: never. */
  readonly startupTimeoutMs: number
  readonly pollSuccessWarnMs: number
  /** 0: never more than a warning. */
  readonly pollSuccessTimeoutMs: number
  readonly cooldownMs: number
  readonly maxPerHour: number
}

export interface Breach {
  readonly trigger: StallTrigger
  readonly level: StallLevel
  readonly clock: ObservedClock
  readonly ageMs: number
  readonly thresholdMs: number
}

/** Silence that deserves an early look: this long, and this many usual intervals. */
const EARLY_MS = 2000
const EARLY_INTERVALS = 10

/**
 * How long an event loop may stand still before it ends the process; 0: for ever. Where a poll loop is known, its own
 * silence does that, and what it declares (a pause, a long wait) holds. Where none is, nothing else would ever end a
 * process whose main thread is gone.
 */
export function eventLoopStallMs(clocks: readonly ObservedClock[], settings: WatchSettings): number {
  if (settings.stallTimeoutMs === 0) return 0
  if (settings.eventLoopTimeoutMs !== null) return settings.eventLoopTimeoutMs
  return clocks.some(speaksForTheLoop) ? 0 : settings.stallTimeoutMs
}

/** A paused heartbeat of the application's own is a declaration; a paused poller of an SDK declares no computing. */
function speaksForTheLoop(clock: ObservedClock): boolean {
  if (clock.kind === 'event-loop' || clock.requestsOnly) return false
  return clock.kind === 'custom' || !clock.paused
}

/**
 * The worst finding of this clock; null when it is as it should be.
 * @param loopStallMs of `eventLoopStallMs`
 */
export function examine(clock: ObservedClock, settings: WatchSettings, loopStallMs: number): Breach | null {
  if (clock.paused || clock.endedWithProcess) return null
  if (clock.kind === 'event-loop') {
    const warnMs = settings.eventLoopWarnMs
    // Evidence first: a time-out below the general warning has its own, at half of it.
    const earlierMs = loopStallMs > 0 && warnMs >= loopStallMs ? loopStallMs / 2 : warnMs
    return over(clock, 'event-loop', clock.ageMs, earlierMs, loopStallMs)
  }
  const { warnMs, stallMs } = silenceThresholds(clock, settings)
  const silent = over(clock, 'loop-silence', clock.quietMs, warnMs, stallMs)
  if (silent?.level === 'stall') return silent
  if (clock.ended) return { trigger: 'ended', level: 'warn', clock, ageMs: clock.ageMs, thresholdMs: 0 }
  const unanswered = examineAnswers(clock, settings)
  // A poll that is about to fail, like those before it, is as silent as one that is lost: the worse of the two counts.
  return unanswered?.level === 'stall' ? unanswered : (silent ?? unanswered)
}

/** Silent for long enough that what nothing can settle may soon be collected. */
export function deservesEarlyLook(clock: ObservedClock): boolean {
  if (clock.paused || clock.kind === 'event-loop' || clock.usualIntervalMs === null) return false
  return clock.quietMs > EARLY_MS && clock.quietMs > clock.usualIntervalMs * EARLY_INTERVALS
}

/** When this clock's silence is reported, and when it ends the process (0: never). */
export function silenceThresholds(clock: ObservedClock, settings: WatchSettings): { warnMs: number; stallMs: number } {
  const stallMs = settings.stallTimeoutMs === 0 ? 0 : clock.stallAfterMs || settings.stallTimeoutMs
  const warnMs = clock.warnAfterMs || settings.warnMs
  // A clock with a stall threshold of its own below the general warning: half of it, so that evidence comes first.
  return { warnMs: stallMs > 0 && warnMs >= stallMs ? stallMs / 2 : warnMs, stallMs }
}

/** The loop beats, but no poll is answered. */
function examineAnswers(clock: ObservedClock, settings: WatchSettings): Breach | null {
  if (!clock.polls && clock.slots === null) return null
  if (clock.expectedWaitMs > 0) return null
  const stallMs = settings.stallTimeoutMs === 0 ? 0 : settings.pollSuccessTimeoutMs
  const ageMs = clock.lastSuccessMs ?? clock.openForMs
  const finding = over(clock, 'poll-success', ageMs, settings.pollSuccessWarnMs, stallMs)
  return finding && isAtWork(clock, finding.thresholdMs) ? null : finding
}

/** Every slot is taken, and at least one by a task that is still young: work, not a stall. */
function isAtWork(clock: ObservedClock, otherwiseMs: number): boolean {
  if (clock.slots === null || clock.slotsInUse === null || clock.slotsInUse < clock.slots) return false
  const youngest = clock.youngestTaskMs ?? null
  return youngest !== null && youngest < (clock.responseTimeoutMs ?? otherwiseMs)
}

function over(
  clock: ObservedClock,
  trigger: StallTrigger,
  ageMs: number,
  warnMs: number,
  stallMs: number,
): Breach | null {
  if (stallMs > 0 && ageMs >= stallMs) return { trigger, level: 'stall', clock, ageMs, thresholdMs: stallMs }
  if (ageMs >= warnMs) return { trigger, level: 'warn', clock, ageMs, thresholdMs: warnMs }
  return null
}
