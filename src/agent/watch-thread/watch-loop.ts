/**
 * What the watch thread does in each of its turns: observe the clocks, let the pure watch decide, and carry the
 * decision out: start a capture thread, wait for it with a deadline, end the process or cancelEnding.
 */
import type { MessagePort } from 'node:worker_threads'
import type { Settings } from '../../config/settings-table.js'
import { observeClocks } from '../../heartbeat/clock-observer.js'
import { ClockReader, monotonicMs } from '../../heartbeat/clock-reader.js'
import type { Logger } from '../../log/logger.js'
import type { ClockReading } from '../../model/heartbeat.js'
import type { Stall } from '../../model/stall.js'
import { StallError } from '../../model/stall-error.js'
import { GapMeter } from '../../watch/gap-meter.js'
import { StallWatch, type Decision, type Turn } from '../../watch/stall-watch.js'
import { Announcer } from './announcer.js'
import { reportPreviousRuns } from './previous-runs.js'
import { answerWith, CaptureQueue, type WantedCapture } from './capture-queue.js'
import type { HostSink } from './host-sink.js'
import { Healer } from './healer.js'
import { hasMemoryToSpare } from './spare-memory.js'
import type { CaptureAnswer, FromWatch, ToWatch } from '../shared/messages.js'
import { NativeLoader } from './native-loader.js'
import { Probes } from './probes.js'
import { PrematureEnding } from './premature-ending.js'
import { END_MARGIN_MS } from './process-end.js'
import { ServiceNotify } from './service-notify.js'
import { StallEnding } from './stall-ending.js'

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
 * Where the watch loop stands, beside a decided end (stall-ending.ts). `running-dry`: the main thread waits for our word on its
 * premature end, and nothing else is decided any more.
 */
type Phase = 'watching' | 'shutting-down' | 'running-dry'

export class WatchLoop {
  private readonly options: WatchLoopOptions
  private readonly reader: ClockReader
  private readonly gaps: GapMeter
  private lostMs = 0
  private readonly turnMs: number
  private readonly watch: StallWatch
  private readonly queue: CaptureQueue
  private phase: Phase = 'watching'
  private readonly native: NativeLoader
  private readonly announcer: Announcer
  private readonly premature: PrematureEnding
  private readonly probes: Probes
  private readonly notify: ServiceNotify
  private readonly healer: Healer
  private readonly ending: StallEnding

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
      over: (stall) => this.ending.keep(stall),
    })
    this.ending = new StallEnding({
      settings,
      logger: options.logger,
      queue: this.queue,
      healer: this.healer,
      now: () => monotonicMs() - this.lostMs,
      shutdowns: () => this.reader.shutdowns,
      native: () => this.native.calls,
      forgive: (clock) => {
        this.probes.tell({ type: 'forgiven', clock })
        this.notify.forgive(clock, this.reader.observe())
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
    if (this.ending.underWay || this.isLeaving()) return 'ending'
    if (this.queue.capturing) return 'capturing'
    return this.phase === 'shutting-down' ? 'shutting-down' : 'watching'
  }

  private isLeaving(): boolean {
    return this.ending.over || this.phase === 'running-dry'
  }

  private turn(): void {
    if (this.isLeaving()) return
    const turn = this.observe()
    this.native.turn()
    this.ending.carryOutHeal(turn)
    this.ending.carryOut(turn)
    const ending = this.ending.underWay || this.isLeaving()
    const leaving = this.phase === 'shutting-down' || ending
    this.probes.setLeaving(leaving)
    this.notify.turn({ ...turn, leaving, native: this.native })
    if (ending) return
    const decision = this.watch.turn(turn)
    this.phase = this.watch.shuttingDown ? 'shutting-down' : 'watching'
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
          else if (this.phase === 'watching' && !this.ending.underWay) this.healer.begin(stall, answer, this.observe())
        })
        return
      case 'end':
      case 'end-if-cured':
        this.useNative()
        this.ending.begin(stall, decision.act === 'end-if-cured')
        this.ending.carryOut(this.observe())
    }
  }

  private endPrematurely(): void {
    // The main thread waits for our word, and nothing else is decided any more.
    this.phase = 'running-dry'
    this.premature.begin()
  }

  /** After a capture: what waited for it. */
  private goOn(): void {
    if (this.isLeaving()) this.premature.goOn()
    else this.ending.carryOut(this.observe())
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
