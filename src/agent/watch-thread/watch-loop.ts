/**
 * What the watch thread does in each of its turns: observe the clocks, let the pure watch decide, and carry the
 * decision out: start a capture thread, wait for it with a deadline, end the process or cancelEnding.
 */
import type { MessagePort } from 'node:worker_threads'
import type { Settings } from '../../config/settings-table.js'
import { observeClocks } from '../../heartbeat/clock-observer.js'
import { ClockReader, monotonicMs, toReading } from '../../heartbeat/clock-reader.js'
import type { Logger } from '../../log/logger.js'
import type { ClockReading } from '../../model/heartbeat.js'
import type { Stall } from '../../model/stall.js'
import { StallError } from '../../model/stall-error.js'
import { GapMeter } from '../../watch/gap-meter.js'
import { persists, StallWatch, type Decision, type Turn } from '../../watch/stall-watch.js'
import { Announcer } from './announcer.js'
import { reportPreviousRuns } from './previous-runs.js'
import { answerWith, CaptureQueue, type WantedCapture } from './capture-queue.js'
import { describeAnswer, sayIncident } from './incident-line.js'
import type { HostSink } from './host-sink.js'
import { Healer } from './healer.js'
import { hasMemoryToSpare } from './spare-memory.js'
import type { CaptureAnswer, FromWatch, ToWatch } from '../shared/messages.js'
import { NativeLoader } from './native-loader.js'
import { Probes } from './probes.js'
import { PrematureEnding } from './premature-ending.js'
import { END_MARGIN_MS, endProcess } from './process-end.js'
import { ServiceNotify } from './service-notify.js'
import { isCuredByRestart, isSomebodyLooking } from './restart-cure.js'

export interface WatchLoopOptions {
  readonly settings: Settings
  readonly logger: Logger
  readonly sink: HostSink
  readonly clocks: SharedArrayBuffer
  readonly port: MessagePort
}

export interface WatchState {
  readonly clocks: readonly ClockReading[]
  readonly lastIncident: string | null
  readonly doing: 'watching' | 'capturing' | 'ending' | 'shutting-down'
  /** Whether code 70 can be had whatever the main thread is in; null: not known yet. */
  readonly canExit: boolean | null
  /** Where bundles go; null: no folder can be written. */
  readonly dir: string | null
}

/**
 * Where the watch loop stands. `ending`: the end is decided, its evidence is collected, and it may be taken back.
 * `over`: the end has begun. `running-dry`: the main thread waits for our word on its premature end. In the last two
 * nothing else is decided any more.
 */
type Phase =
  | { readonly is: 'watching' | 'shutting-down' | 'over' | 'running-dry' }
  | ({ readonly is: 'ending' } & Ending)

/** A process whose end is decided, while its evidence is collected. */
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
  /** What a dead connection was closed for, and so what it ends for if that did not help; null: nothing was closed. */
  readonly proof: CaptureAnswer | null
}

export class WatchLoop {
  private readonly options: WatchLoopOptions
  private readonly reader: ClockReader
  private readonly gaps: GapMeter
  private lostMs = 0
  private readonly turnMs: number
  private readonly watch: StallWatch
  private readonly queue: CaptureQueue
  private phase: Phase = { is: 'watching' }
  private readonly native: NativeLoader
  private readonly announcer: Announcer
  private readonly premature: PrematureEnding
  private readonly probes: Probes
  private readonly notify: ServiceNotify
  private readonly healer: Healer
  /** What came of closing a connection, until a capture can keep it. */
  private healed: Stall | null = null

  constructor(options: WatchLoopOptions) {
    this.options = options
    const { settings } = options
    this.reader = new ClockReader(options.clocks)
    this.native = new NativeLoader({ clocks: options.clocks })
    const shortest = Math.min(settings.warnMs, settings.eventLoopWarnMs, settings.pollSuccessWarnMs)
    this.turnMs = Math.min(500, Math.max(50, shortest / 10))
    this.gaps = new GapMeter(this.turnMs)
    this.watch = new StallWatch(settings)
    this.queue = new CaptureQueue(settings, options.logger, options.clocks)
    this.announcer = new Announcer(settings, options.logger)
    this.probes = new Probes(settings, options.logger, options.clocks)
    this.notify = new ServiceNotify(settings, options.logger, process.env, process.pid)
    this.healer = new Healer({
      allowed: settings.heal,
      logger: options.logger,
      monotonicMs,
      close: (connection) => this.tell({ type: 'close-connection', connection }),
      over: (stall) => {
        this.healed = stall
      },
    })
    this.queue.onAnswer = (note) => {
      this.probes.tell({ type: 'incident', note })
      if (settings.openTelemetry) this.tell({ type: 'incident', note })
      this.goOn()
    }
    this.premature = new PrematureEnding({
      queue: this.queue,
      settings,
      logger: options.logger,
      clocks: () => ({ observed: this.observe().clocks, readings: this.reader.read() }),
      native: () => this.native.calls,
      end: (exitCode) => this.tell({ type: 'end', exitCode }),
    })
  }

  begin(): void {
    // Before the first turn, whose line names it.
    this.announcer.tellOfFolder()
    this.turn()
    this.probes.start()
    reportPreviousRuns(this.options.settings, this.options.logger, (tombstones) => {
      this.probes.tell({ type: 'ended-before', tombstones })
      if (this.options.settings.openTelemetry) this.tell({ type: 'ended-before', tombstones })
    })
    setInterval(() => this.turn(), this.turnMs)
  }

  hear(message: ToWatch): void {
    switch (message.type) {
      case 'capture':
        this.captureFor({ reason: message.reason }, (answer) => this.tell({ type: 'captured', id: message.id, answer }))
        return
      case 'premature-end':
        this.endPrematurely()
        return
      case 'connection-closed':
        this.healer.hear(message)
    }
  }

  /** An incident that somebody asked for; limited like any other. */
  captureFor(wanted: WantedCapture, answer: (answer: CaptureAnswer) => void): void {
    if (this.queue.capturing || this.isLeaving()) {
      answer(answerWith(rateLimited('a capture is under way')))
      return
    }
    const decision = this.watch.manual(wanted.reason, this.observe())
    if (decision.act === 'suppress') answer(answerWith(rateLimited(decision.why)))
    else this.queue.capture(decision.stall, this.queue.usualLimitMs(wanted.profileMs), answer, wanted)
  }

  /** For whoever asks over the control socket. */
  state(): WatchState {
    return {
      clocks: this.reader.read(),
      lastIncident: this.queue.lastIncident,
      doing: this.doing(),
      canExit: this.native.calls !== null ? true : this.native.failure === null ? null : false,
      dir: this.announcer.folder,
    }
  }

  /** Who connected to the control socket; null while that can't be told. */
  peerUser(fd: number): number | null {
    return this.native.calls?.peerUser(fd) ?? null
  }

  private doing(): WatchState['doing'] {
    if (this.phase.is === 'ending' || this.isLeaving()) return 'ending'
    if (this.queue.capturing) return 'capturing'
    return this.phase.is === 'shutting-down' ? 'shutting-down' : 'watching'
  }

  private isLeaving(): boolean {
    return this.phase.is === 'over' || this.phase.is === 'running-dry'
  }

  private turn(): void {
    if (this.isLeaving()) return
    const turn = this.observe()
    this.native.turn()
    this.carryOutHeal(turn)
    this.carryOutEnding(turn)
    const leaving = this.phase.is === 'shutting-down' || this.phase.is === 'ending' || this.isLeaving()
    this.probes.setLeaving(leaving)
    this.notify.turn({ ...turn, leaving, native: this.native })
    if (this.phase.is === 'ending' || this.isLeaving()) return
    const decision = this.watch.turn(turn)
    this.phase = { is: this.watch.shuttingDown ? 'shutting-down' : 'watching' }
    if (decision) this.carryOut(decision)
    this.announcer.turn({
      clocks: turn.clocks,
      upForMs: turn.upForMs,
      native: this.native,
      dropped: this.reader.dropped,
    })
  }

  private observe(): Turn {
    const now = monotonicMs()
    this.lostMs = this.gaps.turn(now)
    observeClocks(this.reader.memory, now, this.lostMs)
    return {
      nowMs: now - this.lostMs,
      wallMs: Date.now(),
      clocks: this.reader.observe(now),
      shutdowns: this.reader.shutdowns,
      upForMs: process.uptime() * 1000 - this.lostMs,
      anyLoopSeen: this.reader.anyLoopSeen,
      capturing: this.queue.busy || this.healer.underWay,
    }
  }

  /** Monotonic ms, less the time in which nobody ran: a capture did not get on in it either. */
  private now(): number {
    return monotonicMs() - this.lostMs
  }

  private carryOut(decision: Decision): void {
    const { stall } = decision
    switch (decision.act) {
      case 'early-look':
        if (hasMemoryToSpare()) this.queue.look(stall)
        return
      case 'suppress':
        this.probes.tell({ type: 'suppressed' })
        this.options.logger.warn(`a stall of ${stall.clock ?? 'the process'} is not captured: ${decision.why}`)
        return
      case 'capture':
        this.useNative()
        this.queue.capture(stall, this.limitBeforeEndMs(stall), (answer) => {
          if (answer.movedAgain === true) this.watch.movedAgain(stall)
          else if (this.phase.is === 'watching') this.healer.begin(stall, answer, this.observe())
        })
        return
      case 'end':
      case 'end-if-cured': {
        this.useNative()
        const conditional = decision.act === 'end-if-cured'
        const limitMs = conditional ? this.queue.usualLimitMs() : this.options.settings.graceMs
        const ended = stall.clocks.some(({ name, ended }) => name === stall.clock && ended)
        this.phase = {
          is: 'ending',
          stall,
          deadlineMs: this.now() + limitMs,
          conditional,
          shutdowns: this.reader.shutdowns,
          lookAgain: ended && this.queue.knewAsAlive(stall.clock),
          proof: this.healer.proofOf(stall.clock),
        }
        if (!this.queue.capturing) this.captureForEnd(this.phase)
        this.carryOutEnding(this.observe())
      }
    }
  }

  /** Ends the process once its evidence is safe or the grace is over; takes it back when the worker moves again. */
  private carryOutEnding(turn: Turn): void {
    const ending = this.phase
    if (ending.is !== 'ending') return
    if (!persists(ending.stall, turn, this.options.settings)) {
      this.cancelEnding(ending, `${ending.stall.clock ?? 'the process'} moves again`)
      return
    }
    if (this.reader.shutdowns !== ending.shutdowns) {
      this.cancelEnding(ending, 'it was asked to end by a signal that it handles')
      return
    }
    if (this.healer.underWay) return
    const over = this.now() >= ending.deadlineMs
    if (this.queue.capturing && !over) return
    if (ending.lookAgain && !over) {
      this.phase = { ...ending, lookAgain: false }
      if (this.captureForEnd(ending)) return
    }
    const answer = ending.proof ?? this.queue.answerFor(ending.stall)
    if (this.healFirst(ending, answer, turn)) return
    if (this.healer.of(ending.stall.clock)?.outcome === 'alive') {
      this.cancelEnding(ending, 'its connection is not dead: it answered when it was asked')
      return
    }
    const spared = ending.conditional && !isCuredByRestart(answer)
    if (spared || isSomebodyLooking(answer)) {
      this.cancelEnding(ending, spared ? 'nothing says that a restart would be the cure' : 'a debugger holds it')
      return
    }
    this.phase = { is: 'over' }
    const { logger, settings } = this.options
    endProcess({
      stall: this.withHeal(ending.stall),
      answer,
      native: this.native.calls,
      dir: settings.dir,
      terminationLog: settings.terminationLog,
      logger,
    })
  }

  /** What was asked of the main thread, and the capture that keeps what came of it. */
  private carryOutHeal(turn: Turn): void {
    const clock = this.healer.turn(turn)
    if (clock !== null && this.phase.is === 'ending') this.cancelEnding(this.phase, `${clock} was healed`)
    const { healed } = this
    if (healed === null || this.queue.capturing) return
    this.healed = null
    const silently = this.phase.is === 'ending'
    // The silence that it was about, to now: so the incident follows the one that named the connection.
    const ageMs = turn.wallMs - healed.noticedAt + healed.ageMs
    const stall = { ...healed, ageMs, noticedAt: turn.wallMs, clocks: turn.clocks.map(toReading) }
    this.queue.capture(stall, this.queue.usualLimitMs(0), undefined, { profileMs: 0, silently })
  }

  /** @returns true when the dead connection is closed first, and the end waits for what comes of it */
  private healFirst(ending: Ending, answer: CaptureAnswer | null, turn: Turn): boolean {
    if (!ending.conditional || ending.proof !== null) return false
    const limitMs = this.healer.begin(ending.stall, answer, turn)
    if (limitMs === 0) return false
    this.phase = {
      is: 'ending',
      ...ending,
      proof: answer,
      deadlineMs: this.now() + limitMs + this.queue.usualLimitMs(0),
    }
    return true
  }

  private withHeal(stall: Stall): Stall {
    const heal = this.healer.of(stall.clock)
    return heal === undefined ? stall : { ...stall, heal }
  }

  /** @returns false when there is no time for it */
  private captureForEnd({ stall, deadlineMs }: Ending): boolean {
    const limitMs = deadlineMs - this.now() - END_MARGIN_MS
    if (limitMs <= 0) return false
    // The line about the end, or about its being taken back, tells of the incident too.
    this.queue.capture(this.withHeal(stall), limitMs, (answer) => this.sayUnlessEnding(stall, answer), {
      silently: true,
    })
    return true
  }

  private sayUnlessEnding(stall: Stall, answer: CaptureAnswer): void {
    if (this.phase.is !== 'ending') sayIncident(this.options.logger, stall, answer)
  }

  private cancelEnding(ending: Ending, why: string): void {
    this.phase = { is: 'watching' }
    if (ending.stall.clock !== null) {
      this.probes.tell({ type: 'forgiven', clock: ending.stall.clock })
      this.notify.forgive(ending.stall.clock, this.reader.observe())
    }
    // One that is still under way is said when it is there.
    const answer = this.queue.capturing ? null : this.queue.answerFor(ending.stall)
    const about = answer === null ? '' : ` (${describeAnswer(answer)})`
    this.options.logger.warn(`not ended: ${why}${about}`, {
      event: 'forgiven',
      verdicts: answer?.verdicts ?? [],
      incident: answer?.incident ?? null,
      bundle: answer?.bundlePath ?? null,
    })
  }

  private endPrematurely(): void {
    // The main thread waits for our word, and nothing else is decided any more.
    this.phase = { is: 'running-dry' }
    this.premature.begin()
  }

  /** After a capture: what waited for it. */
  private goOn(): void {
    if (this.isLeaving()) this.premature.goOn()
    else this.carryOutEnding(this.observe())
  }

  /** What a capture may take: less when the watchdog would act before that. */
  private limitBeforeEndMs(stall: Stall): number {
    const { settings } = this.options
    const loopMs = stall.trigger === 'event-loop' ? settings.eventLoopTimeoutMs : null
    const timeoutMs = settings.stallTimeoutMs === 0 ? 0 : (loopMs ?? settings.stallTimeoutMs)
    if (timeoutMs === 0) return this.queue.usualLimitMs()
    const untilEndMs = timeoutMs - stall.ageMs + settings.graceMs - END_MARGIN_MS
    return Math.max(500, Math.min(this.queue.usualLimitMs(), untilEndMs))
  }

  /** At the first warning, when there is a reason to say what is missing. */
  private useNative(): void {
    this.native.want(() => {
      if (this.native.calls !== null) this.options.sink.use(this.native.calls)
      else this.announcer.tellOfNative(this.native.failure)
    })
  }

  private tell(message: FromWatch): void {
    this.options.port.postMessage(message)
  }
}

function rateLimited(why: string): StallError {
  return new StallError('ERR_STALL_CAPTURE_RATE_LIMITED', why, { help: 'Try again later.' })
}
