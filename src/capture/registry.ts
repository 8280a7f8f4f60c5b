/**
 * What one look consists of: the capturers in their order, cheapest and least intrusive first. A part is a row of
 * `LookParts`, a capturer, and its line here; it is then captured inside and outside, stored, joined and diagnosed.
 */
import type { LookPart, LookParts } from '../model/look.js'
import { awaitsCapturer } from './awaits-capturer.js'
import type { Capturer } from './capturer.js'
import { debuggerCapturer } from './debugger-capturer.js'
import { heapCapturer } from './heap-capturer.js'
import { kernelCapturer } from './kernel-capturer.js'
import { poolCapturer } from './pool-capturer.js'
import { stacksCapturer } from './stacks-capturer.js'
import { starvationCapturer } from './starvation-capturer.js'

export interface CaptureStepOf<P extends LookPart> {
  readonly part: P
  readonly capturer: Capturer<LookParts[P]>
  /** The longest that this part may take of one look inside the worker, ms; more from outside. */
  readonly atMostMs: number
  /** `kernel` needs nothing; `memory` needs to read the target's memory. Chosen by `--engine`. */
  readonly engine: 'kernel' | 'memory'
  /** The part that it is captured together with: both sleep most of the time. In its own place where that one is left out. */
  readonly beside?: LookPart
}

export type CaptureStep = { readonly [P in LookPart]: CaptureStepOf<P> }[LookPart]

export const CAPTURE_STEPS: readonly CaptureStep[] = [
  { part: 'kernel', capturer: kernelCapturer, atMostMs: 2000, engine: 'kernel' },
  { part: 'stacks', capturer: stacksCapturer, atMostMs: 4000, engine: 'memory' },
  // Before the awaits, whose scan takes seconds in a large heap: a process at its limit may not live that long.
  { part: 'heap', capturer: heapCapturer, atMostMs: 2000, engine: 'memory' },
  { part: 'awaits', capturer: awaitsCapturer, atMostMs: 8000, engine: 'memory' },
  { part: 'pool', capturer: poolCapturer, atMostMs: 2000, engine: 'memory' },
  { part: 'debugger', capturer: debuggerCapturer, atMostMs: 2000, engine: 'memory' },
  { part: 'starvation', capturer: starvationCapturer, atMostMs: 2000, engine: 'memory', beside: 'heap' },
]
