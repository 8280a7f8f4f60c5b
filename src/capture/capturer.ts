/**
 * The one interface of every capture. A capturer calls an engine below and gives what it found, or throws a StallError
 * that explains; time, deadline and exceptions are `runCapturer`'s.
 */
import type { Target } from '../model/target.js'
import type { Capability } from './capability.js'
import type { CaptureSession } from './session.js'

export interface CaptureBudget {
  /** Monotonic ms (`performance.now()`) at which the evidence must be there. */
  readonly deadlineMs: number
  readonly signal: AbortSignal
  /** Adds to the time for which the target stood still, ms: it counts however the capture ends. */
  readonly notePause: (ms: number) => void
}

export interface Capturer<E> {
  readonly name: string
  supports(target: Target): Capability
  capture(session: CaptureSession, budget: CaptureBudget): E | Promise<E>
}
