/** One look: every step in turn, each with its deadline, each handed over (to be stored) before the next. */
import { monotonicMs } from '../heartbeat/clock-reader.js'
import type { CaptureOutcome } from '../model/outcome.js'
import type { Target } from '../model/target.js'
import type { Redactor } from '../redact/redactor.js'
import type { Capturer } from './capturer.js'
import { type LookPart, type LookParts, type CaptureStep, CAPTURE_STEPS } from './registry.js'
import { runCapturer } from './run-capturer.js'

export type LookOutcomes = { readonly [P in LookPart]?: CaptureOutcome<LookParts[P]> }

export interface LookOptions {
  readonly target: Target
  /** Monotonic ms for the whole look. */
  readonly deadlineMs: number
  readonly locals: boolean
  readonly native?: boolean
  readonly stop?: boolean
  readonly calibrate?: boolean
  readonly redactor: Redactor
  readonly engines: ReadonlySet<CaptureStep['engine']>
  readonly signal?: AbortSignal
  /** Called with each outcome before the next step starts. */
  readonly onOutcome?: (part: LookPart, outcome: CaptureOutcome<LookParts[LookPart]>) => void
  readonly steps?: readonly CaptureStep[]
}

/**
 * From outside no watchdog waits for the look, and a search that a crowded machine cuts short tells little: there it may
 * take longer, within the deadline of the whole.
 */
const PATIENCE_OUTSIDE = 3

/** Parts of engines that were not asked for are left out; everything else is there, as evidence or as its reason. */
export async function takeLook(options: LookOptions): Promise<LookOutcomes & { readonly takenAtMs: number }> {
  // Of the whole machine, not of this thread: an early look comes from another one.
  const takenAtMs = monotonicMs()
  const outcomes: Partial<Record<LookPart, CaptureOutcome<LookParts[LookPart]>>> = {}
  const patience = options.target.inside ? 1 : PATIENCE_OUTSIDE
  for (const step of options.steps ?? CAPTURE_STEPS) {
    if (!options.engines.has(step.engine)) continue
    const deadlineMs = Math.min(options.deadlineMs, performance.now() + step.atMostMs * patience)
    const request = {
      target: options.target,
      deadlineMs,
      locals: options.locals,
      redactor: options.redactor,
      stop: options.stop ?? false,
      calibrate: options.calibrate ?? false,
      native: options.native ?? false,
    }
    const capturer: Capturer<LookParts[LookPart]> = step.capturer
    const outcome = await runCapturer(capturer, request, options.signal)
    outcomes[step.part] = outcome
    options.onOutcome?.(step.part, outcome)
  }
  return { takenAtMs, ...(outcomes as LookOutcomes) }
}
