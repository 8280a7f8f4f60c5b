/** A clock as the watch thread sees it, healthy unless told otherwise; and a watch driven by a clock of our own. */
import type { ObservedClock } from '../../../src/heartbeat/clock-reader.js'
import type { WatchSettings } from '../../../src/watch/breach.js'
import { StallWatch, type Decision } from '../../../src/watch/stall-watch.js'

export const SETTINGS: WatchSettings = {
  stallTimeoutMs: 300_000,
  warnMs: 45_000,
  eventLoopWarnMs: 5000,
  eventLoopTimeoutMs: null,
  startupTimeoutMs: 0,
  pollSuccessWarnMs: 200_000,
  pollSuccessTimeoutMs: 300_000,
  cooldownMs: 300_000,
  maxPerHour: 6,
}

export function clock(change: Partial<ObservedClock> = {}): ObservedClock {
  const ageMs = change.ageMs ?? 0
  return {
    name: 'invoices',
    kind: 'poll-loop',
    ageMs,
    beats: 100,
    paused: false,
    expectedWaitMs: 0,
    inFlightMs: null,
    lastSuccessMs: 0,
    failuresInRow: 0,
    slotsInUse: null,
    slots: null,
    oldestTaskMs: null,
    responseTimeoutMs: null,
    youngestTaskMs: null,
    usualIntervalMs: 100,
    ended: false,
    generation: 1,
    index: 0,
    quietMs: ageMs,
    openForMs: 1_000_000,
    warnAfterMs: 0,
    stallAfterMs: 0,
    endedWithProcess: false,
    polls: true,
    requestsOnly: false,
    ...change,
  }
}

export class Bench {
  readonly watch: StallWatch
  nowMs = 1_000_000
  shutdowns = 0
  capturing = false
  startedMs = 1_000_000
  anyLoopSeen = true

  constructor(change: Partial<WatchSettings> = {}) {
    this.watch = new StallWatch({ ...SETTINGS, ...change })
  }

  /** One turn, so many ms after the last. */
  after(ms: number, ...clocks: ObservedClock[]): Decision | null {
    this.nowMs += ms
    return this.watch.turn({
      nowMs: this.nowMs,
      wallMs: 1_700_000_000_000 + this.nowMs,
      clocks,
      shutdowns: this.shutdowns,
      capturing: this.capturing,
      upForMs: this.nowMs - this.startedMs,
      anyLoopSeen: this.anyLoopSeen,
    })
  }
}
