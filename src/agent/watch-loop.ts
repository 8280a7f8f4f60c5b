/**
 * What the watch thread does in each of its turns: observe the clocks, let the pure watch decide, and carry the
 * decision out: start a capture thread, wait for it with a deadline, end the process or forgive.
 */
import type { MessagePort } from 'node:worker_threads'
import type { Settings } from '../config/settings-table.js'
import { observeClocks } from '../heartbeat/clock-observer.js'
import { ClockReader, monotonicMs, type ObservedClock } from '../heartbeat/clock-reader.js'
import type { Logger } from '../log/logger.js'
import { ownThreadId } from '../platform/procfs/own-thread.js'
import type { ClockReading } from '../model/heartbeat.js'
import type { Stall } from '../model/stall.js'
import { StallError } from '../model/stall-error.js'
import { GapMeter } from '../watch/gap-meter.js'
import { persists, StallWatch, type Decision, type Turn } from '../watch/stall-watch.js'
import { tellWhatWasLeft } from './boot.js'
import { CaptureRunner, type CaptureResult } from './capture-runner.js'
import type { HostSink } from './host-sink.js'
import { sayIncident } from './incident-line.js'
import { hasMemoryToSpare } from './memory-to-spare.js'
import type { CaptureAnswer, CaptureThreadData, FromWatch, ToWatch } from './messages.js'
import { prepareNativeCalls, type NativeCalls } from './native-exit.js'
import { buryOnly, endProcess, EXIT_STALLED } from './process-end.js'
import { isCuredByRestart } from './restart-cure.js'

export interface WatchLoopOptions {
  readonly settings: Settings
  readonly logger: Logger
  readonly sink: HostSink
  readonly clocks: SharedArrayBuffer
  readonly port: MessagePort
}

/** A capture that nothing presses may take so long, and the profile on top. */
const CAPTURE_LIMIT_MS = 30_000
/** Kept back of the grace for the tombstone and the end itself. */
const END_MARGIN_MS = 1000
const MAX_ANSWERS = 8
const BETWEEN_LOOKS_MS = 2000
const EARLY_LOOK_LIMIT_MS = 4000
const MAX_LOOKS = 2
const MAX_LOOK_CHARACTERS = 4_000_000
/** How much later than its own deadline a capture thread is given up. */
const OVERRUN_MS = 1000

export interface WantedCapture {
  readonly reason: string
  readonly profileMs?: number
  readonly locals?: boolean
  readonly progress?: (step: string) => void
}

export interface WatchState {
  readonly clocks: readonly ClockReading[]
  readonly lastIncident: string | null
  readonly doing: 'watching' | 'capturing' | 'ending' | 'shutting-down'
}

/** A process whose end is decided, while its evidence is collected. */
interface Ending {
  readonly stall: Stall
  readonly deadlineMs: number
  /** Ends only if the verdict says that a restart is the cure. */
  readonly conditional: boolean
}

export class WatchLoop {
  private readonly options: WatchLoopOptions
  private readonly reader: ClockReader
  private readonly gaps: GapMeter
  private readonly turnMs: number
  private readonly watch: StallWatch
  private readonly runner: CaptureRunner
  private readonly tid = ownThreadId()
  private earlyLooks: { readonly atMs: number; readonly look: string }[] = []
  private looking = false
  private quietly: 'watching' | 'shutting-down' = 'watching'
  private native: NativeCalls | null = null
  private nativePrepared = false
  private ending: Ending | null = null
  /** The end has begun: nothing else is decided any more. */
  private over = false
  private afterCapture: (() => void) | null = null
  private readonly answers: { readonly atMs: number; readonly answer: CaptureAnswer }[] = []
  private toldDropped = false

  constructor(options: WatchLoopOptions) {
    this.options = options
    const { settings } = options
    this.reader = new ClockReader(options.clocks)
    const shortest = Math.min(settings.warnMs, settings.eventLoopWarnMs, settings.pollSuccessWarnMs)
    this.turnMs = Math.min(500, Math.max(50, shortest / 10))
    this.gaps = new GapMeter(this.turnMs)
    this.watch = new StallWatch(settings)
    this.runner = new CaptureRunner({ memoryMb: settings.captureMemoryMb })
  }

  begin(): void {
    this.turn()
    tellWhatWasLeft(this.options.settings, this.options.logger)
    setInterval(() => this.turn(), this.turnMs)
  }

  hear(message: ToWatch): void {
    switch (message.type) {
      case 'capture':
        this.captureFor({ reason: message.reason }, (answer) => this.tell({ type: 'captured', id: message.id, answer }))
        return
      case 'premature-end':
        this.endPrematurely()
    }
  }

  /** An incident that somebody asked for; limited like any other. */
  captureFor(wanted: WantedCapture, answer: (answer: CaptureAnswer) => void): void {
    const decision = this.watch.manual(wanted.reason, this.observe())
    this.dropLook()
    if (decision.act === 'capture' && !this.runner.busy && !this.over) {
      const limitMs = CAPTURE_LIMIT_MS + (wanted.profileMs ?? this.options.settings.profileMs)
      this.startCapture(decision.stall, limitMs, answer, wanted)
      return
    }
    const why = decision.act === 'suppress' ? decision.why : 'a capture is under way'
    answer(withProblem(new StallError('ERR_STALL_CAPTURE_RATE_LIMITED', why, { help: 'Try again later.' })))
  }

  /** For whoever asks over the control socket. */
  state(): WatchState {
    return {
      clocks: this.reader.read(),
      lastIncident: this.answers.findLast(({ answer }) => answer.incident !== null)?.answer.incident ?? null,
      doing: this.over || this.ending ? 'ending' : this.runner.busy ? 'capturing' : this.quietly,
    }
  }

  private turn(): void {
    if (this.over) return
    const turn = this.observe()
    this.carryOutEnding(turn.clocks)
    if (this.ending) return
    const decision = this.watch.turn(turn)
    this.quietly = this.watch.shuttingDown ? 'shutting-down' : 'watching'
    if (decision) this.carryOut(decision)
    this.tellDropped()
  }

  private observe(): Turn {
    const now = monotonicMs()
    const lostMs = this.gaps.turn(now)
    observeClocks(this.reader.memory, now, lostMs)
    return {
      nowMs: now - lostMs,
      wallMs: Date.now(),
      clocks: this.reader.observe(now),
      shutdowns: this.reader.shutdowns,
      capturing: this.runner.busy,
    }
  }

  private carryOut(decision: Decision): void {
    const { stall } = decision
    switch (decision.act) {
      case 'early-look':
        if (!this.runner.busy && hasMemoryToSpare()) this.lookEarly(stall)
        return
      case 'suppress':
        this.options.logger.warn(`a stall of ${stall.clock ?? 'the process'} is not captured: ${decision.why}`)
        return
      case 'capture':
        this.prepareNative()
        this.startCapture(stall, this.freeLimitMs(stall))
        return
      case 'end':
      case 'end-if-cured': {
        this.prepareNative()
        const conditional = decision.act === 'end-if-cured'
        const limitMs = conditional ? this.freeLimitMs() : this.options.settings.graceMs
        this.ending = { stall, deadlineMs: monotonicMs() + limitMs, conditional }
        this.dropLook()
        if (!this.runner.busy && limitMs > END_MARGIN_MS) this.startCapture(stall, limitMs - END_MARGIN_MS)
        this.carryOutEnding(this.reader.observe())
      }
    }
  }

  /** Ends the process once its evidence is safe or the grace is over; takes it back when the worker moves again. */
  private carryOutEnding(clocks: readonly ObservedClock[]): void {
    const ending = this.ending
    if (!ending || this.over) return
    if (!persists(ending.stall, clocks, this.options.settings)) {
      this.ending = null
      this.options.logger.warn(`${ending.stall.clock ?? 'the process'} moves again; it is not ended`)
      return
    }
    const over = monotonicMs() >= ending.deadlineMs
    if (this.runner.busy && !over) return
    const answer = this.answerFor(ending.stall)
    if (ending.conditional && !isCuredByRestart(answer)) {
      this.ending = null
      this.options.logger.warn('not ended: nothing says that a restart would be the cure', {
        clock: ending.stall.clock,
        verdicts: answer?.verdicts ?? [],
      })
      return
    }
    this.over = true
    const { logger, settings } = this.options
    endProcess({ stall: ending.stall, answer, native: this.native, dir: settings.dir, logger })
  }

  private endPrematurely(): void {
    // The main thread waits for our word.
    this.over = true
    this.dropLook()
    if (this.runner.busy) {
      this.afterCapture = () => this.endPrematurely()
      return
    }
    const { settings, logger } = this.options
    const { wallMs, clocks } = this.observe()
    const on = settings.stallTimeoutMs > 0
    const first = clocks.find((clock) => clock.ended)
    const stall: Stall = {
      trigger: 'ended',
      level: on ? 'stall' : 'warn',
      clock: first?.name ?? null,
      ageMs: Math.round(first?.ageMs ?? 0),
      thresholdMs: 0,
      noticedAt: wallMs,
      clocks: this.reader.read(),
    }
    this.startCapture(stall, Math.max(settings.graceMs - END_MARGIN_MS, 0), (answer) => {
      const end = (): void => this.tell({ type: 'end', exitCode: on ? EXIT_STALLED : null })
      if (on) buryOnly({ stall, answer, native: this.native, dir: settings.dir, logger }, end)
      else end()
    })
  }

  private startCapture(
    stall: Stall,
    limitMs: number,
    answered: (answer: CaptureAnswer) => void = () => undefined,
    wanted: Partial<WantedCapture> = {},
  ): void {
    const sinceMs = monotonicMs() - stall.ageMs
    const data: CaptureThreadData = {
      ...this.threadData(stall, limitMs),
      mode: 'incident',
      ...(wanted.profileMs === undefined ? {} : { profileMs: wanted.profileMs }),
      ...(wanted.locals === undefined ? {} : { locals: wanted.locals }),
      looksAtMs: [0, Math.min(BETWEEN_LOOKS_MS, Math.round(limitMs / 3))],
      // Of this silence only: a look from before it would call moving what is stuck now.
      earlyLooks: this.earlyLooks.filter(({ atMs }) => atMs >= sinceMs).map(({ look }) => look),
    }
    this.earlyLooks = []
    const finish = (result: CaptureResult): void => {
      const answer = toAnswer(result)
      this.answers.push({ atMs: monotonicMs(), answer })
      if (this.answers.length > MAX_ANSWERS) this.answers.shift()
      sayIncident(this.options.logger, stall, answer)
      answered(answer)
      const next = this.afterCapture
      this.afterCapture = null
      next?.()
      this.carryOutEnding(this.reader.observe())
    }
    this.runner.start(data, limitMs + OVERRUN_MS, finish, wanted.progress)
  }

  /** Kept in memory: what nothing can settle is collected at the next GC, and is no longer there at the warning. */
  private lookEarly(stall: Stall): void {
    const data: CaptureThreadData = { ...this.threadData(stall, EARLY_LOOK_LIMIT_MS), mode: 'look' }
    this.looking = true
    this.runner.start(data, EARLY_LOOK_LIMIT_MS + OVERRUN_MS, (result) => {
      this.looking = false
      if (result.type === 'failed') this.options.logger.debug('an early look failed', { err: result.error })
      if (result.type !== 'looked' || result.look.length > MAX_LOOK_CHARACTERS) return
      this.earlyLooks.push({ atMs: monotonicMs(), look: result.look })
      if (this.earlyLooks.length > MAX_LOOKS) this.earlyLooks.shift()
    })
  }

  /** An incident is worth more than a look under way. */
  private dropLook(): void {
    if (this.looking) this.runner.cancel()
  }

  private threadData(stall: Stall, limitMs: number): CaptureThreadData {
    return {
      clocks: this.options.clocks,
      stall,
      deadlineMs: monotonicMs() + limitMs,
      mode: 'incident',
      looksAtMs: [0],
      earlyLooks: [],
      agentTids: this.tid === null ? [] : [this.tid],
    }
  }

  /** The newest capture since this stall began; rather an older one with a bundle than a newer one without. */
  private answerFor(stall: Stall): CaptureAnswer | null {
    const sinceMs = monotonicMs() - stall.ageMs - this.options.settings.graceMs - this.freeLimitMs()
    const its = this.answers.filter(({ atMs }) => atMs >= sinceMs).map(({ answer }) => answer)
    return its.findLast((answer) => answer.bundlePath !== null) ?? its.at(-1) ?? null
  }

  /** What a capture may take: less when the watchdog would act before that. */
  private freeLimitMs(stall?: Stall): number {
    const { settings } = this.options
    const usual = CAPTURE_LIMIT_MS + settings.profileMs
    if (!stall || settings.stallTimeoutMs === 0) return usual
    const untilEndMs = settings.stallTimeoutMs - stall.ageMs + settings.graceMs - END_MARGIN_MS - OVERRUN_MS
    return Math.max(500, Math.min(usual, untilEndMs))
  }

  /** At the first warning, when there is a reason and still time. */
  private prepareNative(): void {
    if (this.nativePrepared) return
    this.nativePrepared = true
    const native = prepareNativeCalls()
    if ('no' in native) {
      this.options.logger.warn(
        `koffi can't be used (${native.no}): a worker blocked in native code would end with SIGKILL, not with code ${EXIT_STALLED}`,
      )
      return
    }
    this.native = native
    this.options.sink.use(native)
  }

  private tell(message: FromWatch): void {
    this.options.port.postMessage(message)
  }

  private tellDropped(): void {
    const { clocks, tasks } = this.reader.dropped
    if (this.toldDropped || clocks + tasks === 0) return
    this.toldDropped = true
    this.options.logger.warn('more clocks or tasks than there is room for: some are not watched', { clocks, tasks })
  }
}

function toAnswer(result: CaptureResult): CaptureAnswer {
  switch (result.type) {
    case 'done':
      return result.answer
    case 'failed':
      return withProblem(result.error)
    case 'looked':
      return withProblem(new StallError('ERR_STALL_INTERNAL', 'a look is no incident'))
  }
}

function withProblem(error: StallError): CaptureAnswer {
  return { incident: null, bundlePath: null, verdict: null, verdicts: [], problem: error.toJSON() }
}
