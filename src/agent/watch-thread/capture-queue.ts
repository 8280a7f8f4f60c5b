/**
 * Captures as the watch thread orders them: one at a time, each with a deadline; early looks kept until an incident of
 * the same silence wants them; the answers of the last ones remembered for the tombstone and the control socket.
 */
import type { Settings } from '../../config/settings-table.js'
import { monotonicMs } from '../../heartbeat/clock-reader.js'
import type { Logger } from '../../log/logger.js'
import type { Stall } from '../../model/stall.js'
import { StallError } from '../../model/stall-error.js'
import { ownThreadId } from '../../platform/procfs/own-thread.js'
import { CaptureRunner, type CaptureResult } from './capture-runner.js'
import { sayIncident } from './incident-line.js'
import type { IncidentNote } from '../probes-thread/probe-messages.js'
import type { CaptureAnswer, CaptureThreadData } from '../shared/messages.js'

export interface WantedCapture {
  readonly reason: string
  readonly profileMs?: number
  readonly locals?: boolean
  /** Whoever asked says what came of it. */
  readonly silently?: boolean
  readonly progress?: (step: string) => void
}

/** A capture that nothing presses may take so long, and the profile on top. */
const CAPTURE_LIMIT_MS = 30_000
/** The share of its limit after which a capture is to close; the rest is for what can't be cut short, and the seal. */
const CLOSING_SHARE = 0.8
const MAX_ANSWERS = 8
const BETWEEN_LOOKS_MS = 2000
const EARLY_LOOK_LIMIT_MS = 5000
const MAX_LOOKS = 2
const MAX_LOOK_CHARACTERS = 4_000_000

export class CaptureQueue {
  /** Called after each incident, sealed or failed. */
  onAnswer: (note: IncidentNote) => void = () => undefined
  private readonly settings: Settings
  private readonly logger: Logger
  private readonly clocks: SharedArrayBuffer
  private readonly runner: CaptureRunner
  private readonly tid = ownThreadId()
  private looking = false
  private looks: { readonly atMs: number; readonly look: string }[] = []
  /** What the capture under way, or the last one, is about: as it was when it began. */
  private about: Stall | null = null
  private readonly answers: { readonly atMs: number; readonly answer: CaptureAnswer }[] = []

  constructor(settings: Settings, logger: Logger, clocks: SharedArrayBuffer) {
    this.settings = settings
    this.logger = logger
    this.clocks = clocks
    this.runner = new CaptureRunner({ memoryMb: settings.captureMemoryMb })
  }

  get busy(): boolean {
    return this.runner.busy
  }

  /** An incident is under way; a mere look gives way to one. */
  get capturing(): boolean {
    return this.runner.busy && !this.looking
  }

  /** Its loop was still there when the capture under way began, so that this one tells of another silence. */
  knewAsAlive(clock: string | null): boolean {
    return this.capturing && this.about?.clocks.some(({ name, ended }) => name === clock && !ended) === true
  }

  get lastIncident(): string | null {
    return this.answers.findLast(({ answer }) => answer.incident !== null)?.answer.incident ?? null
  }

  /** What a capture may take when nothing presses. */
  usualLimitMs(profileMs = this.settings.profileMs): number {
    return CAPTURE_LIMIT_MS + profileMs
  }

  /** An incident, answered exactly once and at the latest `limitMs` from now. */
  capture(
    stall: Stall,
    limitMs: number,
    answered: (answer: CaptureAnswer) => void = () => undefined,
    wanted: Partial<WantedCapture> = {},
  ): void {
    if (this.looking) this.runner.cancel()
    this.about = stall
    const sinceMs = monotonicMs() - stall.ageMs
    const data: CaptureThreadData = {
      ...this.threadData(stall, limitMs),
      ...(wanted.profileMs === undefined ? {} : { profileMs: wanted.profileMs }),
      ...(wanted.locals === undefined ? {} : { locals: wanted.locals }),
      looksAtMs: [0, Math.min(BETWEEN_LOOKS_MS, Math.round(limitMs / 3))],
      // Of this silence only: a look from before it would call moving what is stuck now.
      earlyLooks: this.looks.filter(({ atMs }) => atMs >= sinceMs).map(({ look }) => look),
    }
    // Kept for the next incident of the same silence: what they show may be collected by then.
    if (stall.trigger !== 'manual') this.looks = this.looks.filter(({ atMs }) => atMs >= sinceMs)
    const startedMs = monotonicMs()
    const finish = (result: CaptureResult): void => {
      const answer = toAnswer(result)
      this.answers.push({ atMs: monotonicMs(), answer })
      if (this.answers.length > MAX_ANSWERS) this.answers.shift()
      if (wanted.silently !== true) sayIncident(this.logger, stall, answer)
      answered(answer)
      this.onAnswer(noteOf(stall, answer, monotonicMs() - startedMs))
    }
    this.runner.start(data, limitMs, finish, wanted.progress)
  }

  /** Kept in memory: what nothing can settle is collected at the next GC, and is no longer there at the warning. */
  look(stall: Stall): void {
    if (this.runner.busy) return
    const data: CaptureThreadData = { ...this.threadData(stall, EARLY_LOOK_LIMIT_MS), mode: 'look' }
    this.looking = true
    this.runner.start(data, EARLY_LOOK_LIMIT_MS, (result) => {
      this.looking = false
      if (result.type === 'failed') this.logger.debug('an early look failed', { err: result.error })
      if (result.type !== 'looked' || result.look.length > MAX_LOOK_CHARACTERS) return
      this.looks.push({ atMs: monotonicMs(), look: result.look })
      if (this.looks.length > MAX_LOOKS) this.looks.shift()
      this.logger.debug('an early look is kept in memory')
    })
  }

  /** The newest capture since this stall began; rather an older one with a bundle than a newer one without. */
  answerFor(stall: Stall): CaptureAnswer | null {
    const sinceMs = monotonicMs() - stall.ageMs - this.settings.graceMs - this.usualLimitMs()
    const its = this.answers.filter(({ atMs }) => atMs >= sinceMs).map(({ answer }) => answer)
    return its.findLast((answer) => answer.bundlePath !== null) ?? its.at(-1) ?? null
  }

  private threadData(stall: Stall, limitMs: number): CaptureThreadData {
    return {
      clocks: this.clocks,
      stall,
      deadlineMs: monotonicMs() + limitMs * CLOSING_SHARE,
      mode: 'incident',
      looksAtMs: [0],
      earlyLooks: [],
      residentBytes: process.memoryUsage.rss(),
      agentTids: this.tid === null ? [] : [this.tid],
    }
  }
}

function noteOf(stall: Stall, answer: CaptureAnswer, captureMs: number): IncidentNote {
  const { incident, bundlePath, verdict, problem } = answer
  return {
    at: new Date().toISOString(),
    trigger: stall.trigger,
    level: stall.level,
    clock: stall.clock,
    ageMs: Math.round(stall.ageMs),
    incident,
    bundle: bundlePath,
    verdict: verdict?.name ?? null,
    confidence: verdict?.confidence ?? null,
    summary: verdict?.summary ?? null,
    work: verdict?.work ?? [],
    problem: problem === null ? null : `${problem.message} (${problem.code})`,
    captureMs: Math.round(captureMs),
  }
}

function toAnswer(result: CaptureResult): CaptureAnswer {
  switch (result.type) {
    case 'done':
      return result.answer
    case 'failed':
      return answerWith(result.error)
    case 'looked':
      return answerWith(new StallError('ERR_STALL_INTERNAL', 'a look is no incident'))
  }
}

export function answerWith(error: StallError): CaptureAnswer {
  return { incident: null, bundlePath: null, verdict: null, verdicts: [], problem: error.toJSON() }
}
