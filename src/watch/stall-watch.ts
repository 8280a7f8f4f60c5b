/**
 * Clocks in, decisions out. Pure: time and clocks are handed in at each turn, and nothing else is known of the world.
 *
 * One stall, one incident: whatever is silent when a capture is taken is covered by it, until it beats again.
 */
import { toReading, type ObservedClock } from '../heartbeat/clock-reader.js'
import type { Stall, StallTrigger } from '../model/stall.js'
import { CaptureQuota } from './capture-quota.js'
import {
  deservesEarlyLook,
  eventLoopStallMs,
  examine,
  type Breach,
  silenceThresholds,
  type WatchSettings,
} from './breach.js'
import { FullSlots, unmovedMs } from './full-slots.js'
import { OrderlyShutdown } from './orderly-shutdown.js'

export interface Turn {
  /** Monotonic ms, less the time in which nobody ran. */
  readonly nowMs: number
  /** Wall clock, ms since the epoch. */
  readonly wallMs: number
  readonly clocks: readonly ObservedClock[]
  /** Handled signals that asked the application to end, so far. */
  readonly shutdowns: number
  /** The process's age, ms, less the time in which nobody ran. */
  readonly upForMs: number
  /** Whether any poll loop ever began. */
  readonly anyLoopSeen: boolean
  /** A capture, or a heal, is under way: only the end of the process can be decided. */
  readonly capturing: boolean
}

/**
 * `early-look`: keep a look in memory. `capture`: an incident. `end`: an incident, then end the process.
 * `end-if-cured`: an incident, then end the process only if its verdict says that a restart is the cure.
 * `suppress`: an incident that the limits forbid; said once.
 */
export type Decision =
  | { readonly act: 'early-look' | 'capture' | 'end' | 'end-if-cured'; readonly stall: Stall }
  | { readonly act: 'suppress'; readonly stall: Stall; readonly why: string }

/** The silence of one clock, from its first finding until there is none any more. */
interface Episode {
  captured: boolean
  toldSuppressed: boolean
  /** When its end was decided; null: not yet. */
  decidedAtMs: number | null
}

const MAX_EARLY_LOOKS_PER_HOUR = 4
/** An unanswered poller whose restart would not have helped is looked at again after this, or the cool-down. */
const LEAST_RECHECK_MS = 60_000

export class StallWatch {
  private readonly settings: WatchSettings
  private readonly quota: CaptureQuota
  private readonly earlyQuota = new CaptureQuota(0, MAX_EARLY_LOOKS_PER_HOUR)
  private readonly shutdown = new OrderlyShutdown()
  private readonly episodes = new Map<string, Episode>()
  private readonly looked = new Set<string>()
  private readonly fullSlots = new FullSlots()
  /** As of the last turn: the application ends itself, and nothing is a stall. */
  shuttingDown = false

  constructor(settings: WatchSettings) {
    this.settings = settings
    this.quota = new CaptureQuota(settings.cooldownMs, settings.maxPerHour)
  }

  /** The most urgent decision of this turn; null when there is nothing to do. */
  turn(turn: Turn): Decision | null {
    const findings = findingsOf(turn, this.settings)
    this.forgetWhatBeatsAgain(turn.clocks, findings)
    this.fullSlots.observe(turn.clocks, (clock) => identify(clock))
    this.shuttingDown = this.shutdown.turn(turn.shutdowns, turn.clocks, turn.nowMs)
    if (this.shuttingDown) return null
    return this.decideEnd(turn, findings) ?? (turn.capturing ? null : this.decideCapture(turn, findings))
  }

  /** Asks for a capture that somebody wants now; counts like any other. */
  manual(reason: string, turn: Turn): Decision {
    const stall: Stall = {
      trigger: 'manual',
      level: 'warn',
      clock: null,
      // Early looks of this silence belong to it: what they show may be collected by now.
      ageMs: Math.round(this.youngestSilenceMs(turn.clocks)),
      thresholdMs: 0,
      noticedAt: turn.wallMs,
      reason,
      clocks: turn.clocks.map(toReading),
    }
    const answer = this.quota.ask(`manual ${turn.nowMs}`, turn.nowMs)
    if (answer !== 'yes') return { act: 'suppress', stall, why: answer.no }
    this.quota.take('manual', turn.nowMs)
    return { act: 'capture', stall }
  }

  /** How long every clock that is silent now has been so: 0 when none is. */
  private youngestSilenceMs(clocks: readonly ObservedClock[]): number {
    const ages = clocks.flatMap((clock) => {
      if (this.fullSlots.deserveEarlyLook(identify(clock))) return [unmovedMs(clock)]
      return deservesEarlyLook(clock) ? [clock.quietMs] : []
    })
    return ages.length === 0 ? 0 : Math.min(...ages)
  }

  /** The clock of this stall beat again while it was captured: the cool-down must not swallow the next. */
  movedAgain(stall: Stall): void {
    if (stall.clock !== null) this.quota.release(keyOfStall(stall.clock, stall.trigger, stall.level))
  }

  private decideEnd(turn: Turn, findings: readonly Breach[]): Decision | null {
    for (const finding of findings) {
      if (finding.level !== 'stall') continue
      const episode = this.episodeOf(finding)
      const conditional = finding.trigger === 'poll-success'
      if (episode.decidedAtMs !== null) {
        const recheckMs = Math.max(LEAST_RECHECK_MS, this.settings.cooldownMs)
        if (!conditional || turn.nowMs - episode.decidedAtMs < recheckMs) continue
      }
      if (conditional && (turn.capturing || this.quota.ask(keyOf(finding), turn.nowMs) !== 'yes')) continue
      episode.decidedAtMs = turn.nowMs
      this.noteCapture(turn, findings, finding)
      return { act: conditional ? 'end-if-cured' : 'end', stall: toStall(finding, turn) }
    }
    return null
  }

  private decideCapture(turn: Turn, findings: readonly Breach[]): Decision | null {
    // The loop first: when it does not turn, that is why the others are silent.
    const ordered = [...findings].sort((a, b) => rank(a.trigger) - rank(b.trigger))
    for (const finding of ordered) {
      const episode = this.episodeOf(finding)
      if (episode.captured || this.isCovered(finding, ordered)) continue
      const answer = this.quota.ask(keyOf(finding), turn.nowMs)
      if (answer === 'yes') {
        this.noteCapture(turn, findings, finding)
        return { act: 'capture', stall: toStall(finding, turn) }
      }
      if (episode.toldSuppressed) continue
      episode.toldSuppressed = true
      return { act: 'suppress', stall: toStall(finding, turn), why: answer.no }
    }
    return this.decideEarlyLook(turn, findings)
  }

  private decideEarlyLook(turn: Turn, findings: readonly Breach[]): Decision | null {
    // An incident sees more than a look would, and a loop that does not turn explains the others' silence.
    const reported = new Set(findings.map((finding) => finding.clock))
    if (findings.some((finding) => finding.trigger === 'event-loop')) return null
    for (const clock of turn.clocks) {
      const id = identify(clock)
      if (reported.has(clock) || this.episodes.has(identify(clock, 'loop-silence'))) continue
      const full = this.fullSlots.deserveEarlyLook(id)
      if (!full && !deservesEarlyLook(clock)) {
        this.looked.delete(id)
        continue
      }
      if (this.looked.has(id) || this.earlyQuota.ask(id, turn.nowMs) !== 'yes') continue
      this.looked.add(id)
      this.earlyQuota.take(id, turn.nowMs)
      const ageMs = full ? unmovedMs(clock) : clock.quietMs
      const finding: Breach = { trigger: 'early', level: 'warn', clock, ageMs, thresholdMs: 0 }
      return { act: 'early-look', stall: toStall(finding, turn) }
    }
    return null
  }

  /** A loop that does not turn silences every poller: its incident is theirs. */
  private isCovered(finding: Breach, all: readonly Breach[]): boolean {
    if (finding.trigger !== 'loop-silence') return false
    return all.some((other) => other.trigger === 'event-loop' && this.episodeOf(other).captured)
  }

  private noteCapture(turn: Turn, findings: readonly Breach[], taken: Breach): void {
    this.quota.take(keyOf(taken), turn.nowMs)
    for (const finding of findings) this.episodeOf(finding).captured = true
    for (const clock of turn.clocks) {
      if (clock.kind === 'event-loop' || clock.paused) continue
      // Silent already, though not for long enough: the capture sees it as it will be.
      if (clock.quietMs < silenceThresholds(clock, this.settings).warnMs / 2) continue
      this.episode(identify(clock, 'loop-silence')).captured = true
    }
  }

  private forgetWhatBeatsAgain(clocks: readonly ObservedClock[], findings: readonly Breach[]): void {
    const alive = new Set(findings.map(keyOfEpisode))
    for (const clock of clocks) {
      const halfWarnMs = silenceThresholds(clock, this.settings).warnMs / 2
      if (clock.paused || clock.quietMs < halfWarnMs) continue
      alive.add(identify(clock, 'loop-silence'))
      // Silence hides it for as long as a poll is in flight; it is over with an answer.
      alive.add(identify(clock, 'poll-success'))
    }
    for (const key of this.episodes.keys()) if (!alive.has(key)) this.episodes.delete(key)
    if (this.looked.size > 0) {
      const open = new Set(clocks.map((clock) => identify(clock)))
      for (const id of this.looked) if (!open.has(id)) this.looked.delete(id)
    }
  }

  private episodeOf(finding: Breach): Episode {
    return this.episode(keyOfEpisode(finding))
  }

  private episode(key: string): Episode {
    let episode = this.episodes.get(key)
    if (!episode) {
      episode = { captured: false, toldSuppressed: false, decidedAtMs: null }
      this.episodes.set(key, episode)
    }
    return episode
  }
}

/** Whether what a stall was about is still so; a clock that beats again, paused or was disposed is not. */
export function persists(stall: Stall, turn: FoundIn, settings: WatchSettings): boolean {
  if (stall.clock === null) return true
  return findingsOf(turn, settings).some(
    ({ clock, trigger, level }) => clock.name === stall.clock && trigger === stall.trigger && level === stall.level,
  )
}

type FoundIn = Pick<Turn, 'clocks' | 'upForMs' | 'anyLoopSeen'>

function findingsOf({ clocks, upForMs, anyLoopSeen }: FoundIn, settings: WatchSettings): Breach[] {
  const loopStallMs = eventLoopStallMs(clocks, settings)
  const found = clocks.map((clock) => examine(clock, settings, loopStallMs)).filter((finding) => finding !== null)
  const loop = clocks.find((clock) => clock.kind === 'event-loop')
  const limitMs = settings.stallTimeoutMs === 0 ? 0 : settings.startupTimeoutMs
  if (loop && limitMs > 0 && !anyLoopSeen && upForMs >= limitMs) {
    found.push({ trigger: 'startup', level: 'stall', clock: loop, ageMs: upForMs, thresholdMs: limitMs })
  }
  return found
}

function toStall(finding: Breach, turn: Turn): Stall {
  return {
    trigger: finding.trigger,
    level: finding.level,
    clock: finding.clock.name,
    ageMs: Math.round(finding.ageMs),
    thresholdMs: finding.thresholdMs,
    noticedAt: turn.wallMs,
    clocks: turn.clocks.map(toReading),
  }
}

/** For the cool-down: a clock that comes back under its old name is the same cause. Warning and stall each have one. */
function keyOf(finding: Breach): string {
  return keyOfStall(finding.clock.name, finding.trigger, finding.level)
}

function keyOfStall(clock: string, trigger: StallTrigger, level: Stall['level']): string {
  return `${clock} ${trigger} ${level}`
}

function keyOfEpisode(finding: Breach): string {
  return identify(finding.clock, finding.trigger)
}

function identify(clock: ObservedClock, trigger: StallTrigger | '' = ''): string {
  return `${clock.index}.${clock.generation} ${trigger}`
}

function rank(trigger: StallTrigger): number {
  return trigger === 'event-loop' ? 0 : trigger === 'ended' ? 1 : 2
}
