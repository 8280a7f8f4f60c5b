/** One thing that `doctor` looked at. */
import type { StallErrorCode } from './stall-error.js'

export interface Check {
  readonly subject: string
  readonly verdict: 'ok' | 'warn' | 'no'
  /** One sentence. */
  readonly text: string
  /** What to do, where something can be done. */
  readonly advice?: string
  readonly code?: StallErrorCode
}
