/**
 * From the decision to end the process to its end: its evidence is collected meanwhile, a dead connection is closed first where
 * that is allowed, and all of it is taken back when the worker moves again. What is decided is carried out turn by turn.
 */
import type { Settings } from '../../config/settings-table.js'
import type { Logger } from '../../log/logger.js'
import type { Stall } from '../../model/stall.js'
import { toReading } from '../../heartbeat/clock-reader.js'
import { persists, type Turn } from '../../watch/stall-watch.js'
import type { CaptureAnswer } from '../shared/messages.js'
import type { NativeCalls } from '../shared/native-exit.js'
import type { CaptureQueue } from './capture-queue.js'
import type { Healer } from './healer.js'
import { describeAnswer, sayIncident } from './incident-line.js'
import { END_MARGIN_MS, endProcess } from './process-end.js'
import { isCuredByRestart, isSomebodyLooking } from './restart-cure.js'

export interface StallEndingOptions {
  readonly settings: Settings
  readonly logger: Logger
  readonly queue: CaptureQueue
  readonly healer: Healer
  /** Monotonic ms, less the time in which nobody ran. */
  readonly now: () => number
  /** Handled signals that asked the application to end, so far. */
  readonly shutdowns: () => number
  readonly native: () => NativeCalls | null
  /** The silence of this clock was looked at, and it is not ended for. */
  readonly forgive: (clock: string) => void
}

/** A process whose end is decided. */
interface Ending {
  readonly stall: Stall
  /** As of `now()`. */
  readonly deadlineMs: number
  /** Ends only if the verdict says that a restart is the cure. */
  readonly conditional: boolean
  /** Handled signals so far: one more, and the application ends itself. */
  readonly shutdowns: number
  /** The loop was lost while a capture was under way that began before: one more tells of it. */
  readonly lookAgain: boolean
  /** What a connection was closed for, and so what it ends for if that did not help; null: nothing was closed. */
  readonly proof: CaptureAnswer | null
  /** It waits for what comes of that, or has just heard. */
  readonly healedFirst: boolean
}

export class StallEnding {
  readonly #options: StallEndingOptions
  #current: Ending | null = null
  #over = false
  /** What came of closing a connection, until a capture can keep it. */
  #healed: Stall | null = null

  constructor(options: StallEndingOptions) {
    this.#options = options
  }

  /** It is decided, and may be taken back. */
  get underWay(): boolean {
    return this.#current !== null
  }

  /** It has begun, and nothing else is decided any more. */
  get over(): boolean {
    return this.#over
  }

  /** @param conditional it ends only if the verdict says that a restart is the cure */
  begin(stall: Stall, conditional: boolean): void {
    const { queue, settings, healer, now, shutdowns } = this.#options
    const ended = stall.clocks.some(({ name, ended }) => name === stall.clock && ended)
    this.#current = {
      stall,
      deadlineMs: now() + (conditional ? queue.usualLimitMs() : settings.graceMs),
      conditional,
      shutdowns: shutdowns(),
      lookAgain: ended && queue.knewAsAlive(stall.clock),
      proof: healer.proofOf(stall.clock),
      healedFirst: false,
    }
    if (!queue.capturing) this.#capture(this.#current)
  }

  /** What came of a heal, to be kept as an incident. */
  keep(healed: Stall): void {
    this.#healed = healed
  }

  /** What was asked of the main thread, and the capture that keeps what came of it. */
  carryOutHeal(turn: Turn): void {
    const { healer, queue } = this.#options
    const clock = healer.turn(turn)
    if (clock !== null && this.#current !== null) this.#cancel(this.#current, `${clock} was healed`)
    const healed = this.#healed
    if (healed === null || queue.capturing) return
    this.#healed = null
    // The silence that it was about, to now: so the incident follows the one that named the connection.
    const ageMs = turn.wallMs - healed.noticedAt + healed.ageMs
    const stall = { ...healed, ageMs, noticedAt: turn.wallMs, clocks: turn.clocks.map(toReading) }
    queue.capture(stall, queue.usualLimitMs(0), undefined, { profileMs: 0, silently: this.underWay })
  }

  /** Ends the process once its evidence is safe or the grace is over; takes it back when the worker moves again. */
  carryOut(turn: Turn): void {
    const ending = this.#current
    if (ending === null || this.#over) return
    const { healer, queue, settings, logger, now, shutdowns, native } = this.#options
    if (!this.#persists(ending, turn)) {
      this.#cancel(ending, `${ending.stall.clock ?? 'the process'} moves again`)
      return
    }
    if (shutdowns() !== ending.shutdowns) {
      this.#cancel(ending, 'it was asked to end by a signal that it handles')
      return
    }
    if (healer.underWay) return
    const late = now() >= ending.deadlineMs
    if (queue.capturing && !late) return
    if (ending.lookAgain && !late) {
      this.#current = { ...ending, lookAgain: false }
      if (this.#capture(ending)) return
    }
    const answer = ending.proof ?? queue.answerFor(ending.stall)
    if (this.#healFirst(ending, answer, turn)) return
    if (ending.conditional && healer.of(ending.stall.clock)?.outcome === 'alive') {
      this.#cancel(ending, 'its connection is not dead: it answered when it was asked')
      return
    }
    const spared = ending.conditional && !isCuredByRestart(answer)
    if (spared || isSomebodyLooking(answer)) {
      this.#cancel(ending, spared ? 'nothing says that a restart would be the cure' : 'a debugger holds it')
      return
    }
    this.#over = true
    endProcess({
      stall: this.#withHeal(ending.stall),
      answer,
      native: native(),
      dir: settings.dir,
      terminationLog: settings.terminationLog,
      logger,
    })
  }

  /**
   * A poll fails with the connection that was closed for it, and its loop beats: that alone proves nothing. It goes on until
   * the next poll is answered, and is over when none was in time.
   */
  #persists({ stall, healedFirst }: Ending, turn: Turn): boolean {
    const { healer, settings } = this.#options
    if (healedFirst && (healer.underWay || healer.isUnanswered(stall.clock, turn))) return true
    return persists(stall, turn, settings)
  }

  /** @returns true when its connection is closed first, and the end waits for what comes of it */
  #healFirst(ending: Ending, answer: CaptureAnswer | null, turn: Turn): boolean {
    if (ending.proof !== null) return false
    const { healer, queue, now } = this.#options
    const limitMs = healer.begin(ending.stall, answer, turn)
    if (limitMs === 0) return false
    this.#current = { ...ending, proof: answer, healedFirst: true, deadlineMs: now() + limitMs + queue.usualLimitMs(0) }
    return true
  }

  #withHeal(stall: Stall): Stall {
    const heal = this.#options.healer.of(stall.clock)
    return heal === undefined ? stall : { ...stall, heal }
  }

  /** @returns false when there is no time for it */
  #capture({ stall, deadlineMs }: Ending): boolean {
    const { queue, now, logger } = this.#options
    const limitMs = deadlineMs - now() - END_MARGIN_MS
    if (limitMs <= 0) return false
    // The line about the end, or about its being taken back, tells of the incident too.
    const said = (answer: CaptureAnswer): void => {
      if (!this.underWay || this.#over) sayIncident(logger, stall, answer)
    }
    queue.capture(this.#withHeal(stall), limitMs, said, { silently: true })
    return true
  }

  #cancel(ending: Ending, why: string): void {
    const { queue, logger, forgive } = this.#options
    this.#current = null
    if (ending.stall.clock !== null) forgive(ending.stall.clock)
    // One that is still under way is said when it is there.
    const answer = queue.capturing ? null : queue.answerFor(ending.stall)
    const about = answer === null ? '' : ` (${describeAnswer(answer)})`
    logger.warn(`not ended: ${why}${about}`, {
      event: 'forgiven',
      verdicts: answer?.verdicts ?? [],
      incident: answer?.incident ?? null,
      bundle: answer?.bundlePath ?? null,
    })
  }
}
