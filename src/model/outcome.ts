/** The result of one capture: evidence or an explanation, never an exception. */
import type { StallError } from './stall-error.js'

export type CaptureOutcome<E> =
  | { readonly status: 'captured'; readonly evidence: E; readonly tookMs: number; readonly pausedMs: number }
  | { readonly status: 'unavailable'; readonly error: StallError }
  | { readonly status: 'timed-out'; readonly elapsedMs: number }
