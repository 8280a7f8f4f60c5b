/** The one interface of every capture. A capturer calls an engine below and times it; it never throws. */
import type { CaptureOutcome } from '../model/outcome.js'
import type { Target } from '../model/target.js'
import type { Redactor } from '../redact/redactor.js'

/** `yes`, or the reason in one sentence. Asked by name; no version checks elsewhere. */
export type Capability = 'yes' | { readonly no: string }

export interface CaptureRequest {
  readonly target: Target
  /** Monotonic ms (`performance.now()`) at which the outcome must be there. */
  readonly deadlineMs: number
  /** Read values of variables (redacted, bounded). */
  readonly locals: boolean
  /** C++ frames between the JavaScript ones. */
  readonly native?: boolean
  /** Takes secrets out of everything that came from the target, before it reaches any disk or screen. */
  readonly redactor: Redactor
  /** Stop the target for the moment in which its stack is copied, for an exact stack of running JavaScript. */
  readonly stop?: boolean
  /** Learn an unknown layout by starting the target's binary, even one that is not called node. */
  readonly calibrate?: boolean
}

export interface Capturer<E> {
  readonly name: string
  supports(target: Target): Capability
  capture(request: CaptureRequest, signal: AbortSignal): Promise<CaptureOutcome<E>>
}
