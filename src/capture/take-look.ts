/** One look: every step in turn, each with its deadline, each handed over (to be stored) before the next. */
import { monotonicMs } from '../heartbeat/clock-reader.js'
import type { LookOutcomes, LookPart, LookParts } from '../model/look.js'
import type { CaptureOutcome } from '../model/outcome.js'
import { type CaptureStep, CAPTURE_STEPS } from './registry.js'
import { type CaptureLimits, runCapturer } from './run-capturer.js'
import type { CaptureSession } from './session.js'

export interface LookOptions extends CaptureLimits {
  readonly engines: ReadonlySet<CaptureStep['engine']>
  /** Called with each outcome and all so far; the next step starts when it is done. */
  readonly onOutcome?: (
    part: LookPart,
    outcome: CaptureOutcome<LookParts[LookPart]>,
    soFar: LookOutcomes & { readonly takenAtMs: number },
  ) => void | Promise<void>
  /** Everything unless less is wanted. */
  readonly steps?: readonly CaptureStep[] | undefined
}

/**
 * From outside no watchdog waits for the look, and a search that a crowded machine cuts short tells little: there it may
 * take longer, within the deadline of the whole.
 */
const PATIENCE_OUTSIDE = 3

/** Parts of engines that were not asked for are left out; everything else is there, as evidence or as its reason. */
export async function takeLook(
  session: CaptureSession,
  options: LookOptions,
): Promise<LookOutcomes & { readonly takenAtMs: number }> {
  // Of the whole machine, not of this thread: an early look comes from another one.
  const takenAtMs = monotonicMs()
  const outcomes: Partial<Record<LookPart, CaptureOutcome<LookParts[LookPart]>>> = {}
  const patience = session.target.inside ? 1 : PATIENCE_OUTSIDE
  for (const together of groupsOf(
    (options.steps ?? CAPTURE_STEPS).filter(({ engine }) => options.engines.has(engine)),
  )) {
    const captures = together.map(async ({ part, capturer, atMostMs }) => {
      const deadlineMs = Math.min(options.deadlineMs, performance.now() + atMostMs * patience)
      const limits = { deadlineMs, signal: options.signal }
      return { part, outcome: await runCapturer<LookParts[LookPart]>(capturer, session, limits) }
    })
    for (const { part, outcome } of await Promise.all(captures)) {
      outcomes[part] = outcome
      await options.onOutcome?.(part, outcome, { takenAtMs, ...(outcomes as LookOutcomes) })
    }
  }
  return { takenAtMs, ...(outcomes as LookOutcomes) }
}

/** Steps in their order, each with those that are captured beside it. */
function groupsOf(steps: readonly CaptureStep[]): readonly (readonly CaptureStep[])[] {
  const parts = new Set(steps.map(({ part }) => part))
  const leading = steps.filter(({ beside }) => beside === undefined || !parts.has(beside))
  return leading.map((step) => [step, ...steps.filter(({ beside }) => beside === step.part)])
}
