/**
 * The watch thread's part in the end of a process that ran dry: evidence, tombstone, and the word that the main thread
 * waits for. All within the grace, counted from the main thread's message: it does not wait longer than that.
 */
import type { Settings } from '../../config/settings-table.js'
import { monotonicMs, type ObservedClock } from '../../heartbeat/clock-reader.js'
import type { Logger } from '../../log/logger.js'
import type { ClockReading } from '../../model/heartbeat.js'
import type { Stall } from '../../model/stall.js'
import type { CaptureQueue } from './capture-queue.js'
import type { CaptureAnswer } from '../shared/messages.js'
import type { NativeCalls } from '../shared/native-exit.js'
import { writeTombstone, END_MARGIN_MS, EXIT_STALLED } from './process-end.js'

export interface PrematureEndingOptions {
  readonly queue: Pick<CaptureQueue, 'capturing' | 'capture' | 'answerFor'>
  readonly settings: Settings
  readonly logger: Logger
  /** The clocks of now, as observed and as told. */
  readonly clocks: () => { readonly observed: readonly ObservedClock[]; readonly readings: readonly ClockReading[] }
  readonly native: () => NativeCalls | null
  /** The word that the main thread waits for: end with this code, or go on ending. */
  readonly end: (exitCode: number | null) => void
  readonly leaveTombstone?: typeof writeTombstone
}

/** With less time than that a capture would have next to nothing. */
const LEAST_CAPTURE_MS = 1000

export class PrematureEnding {
  private readonly options: PrematureEndingOptions
  private untilMs: number | null = null
  private waiting: NodeJS.Timeout | null = null

  constructor(options: PrematureEndingOptions) {
    this.options = options
  }

  /** Once. A capture that is under way is finished first, and is the evidence when it leaves no time for another. */
  begin(): void {
    const { queue, settings } = this.options
    const limitMs = Math.max(settings.graceMs - END_MARGIN_MS, 0)
    this.untilMs = monotonicMs() + limitMs
    if (queue.capturing) this.waiting = setTimeout(() => this.goOn(), limitMs)
    else this.collect()
  }

  /** After every capture. */
  goOn(): void {
    if (this.waiting === null) return
    clearTimeout(this.waiting)
    this.waiting = null
    this.collect()
  }

  private collect(): void {
    const { queue } = this.options
    const stall = this.stallOfNow()
    const leftMs = (this.untilMs ?? 0) - monotonicMs()
    if (queue.capturing || leftMs < LEAST_CAPTURE_MS) this.finish(stall, queue.answerFor(stall))
    else queue.capture(stall, leftMs, (answer) => this.finish(stall, answer))
  }

  private finish(stall: Stall, answer: CaptureAnswer | null): void {
    const { settings, logger, native, end, leaveTombstone = writeTombstone } = this.options
    if (stall.level === 'stall') {
      leaveTombstone(
        { stall, answer, native: native(), dir: settings.dir, terminationLog: settings.terminationLog, logger },
        () => end(EXIT_STALLED),
      )
    } else end(null)
  }

  private stallOfNow(): Stall {
    const { observed, readings } = this.options.clocks()
    const first = observed.find((clock) => clock.ended)
    return {
      trigger: 'ended',
      level: this.options.settings.stallTimeoutMs > 0 ? 'stall' : 'warn',
      clock: first?.name ?? null,
      ageMs: Math.round(first?.ageMs ?? 0),
      thresholdMs: 0,
      noticedAt: Date.now(),
      clocks: readings,
    }
  }
}
