/** The result of one capture: evidence or an explanation, never an exception. */
import type { StallError } from './stall-error.js'

export type CaptureOutcome<E> =
  | { readonly status: 'captured'; readonly evidence: E; readonly tookMs: number; readonly pausedMs: number }
  /** `pausedMs`: what the attempt cost all the same; absent: nothing. */
  | { readonly status: 'unavailable'; readonly error: StallError; readonly pausedMs?: number }
  | { readonly status: 'timed-out'; readonly elapsedMs: number; readonly pausedMs?: number }
