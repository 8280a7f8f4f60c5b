/** What one round of capturing brought, before it is joined: the outcomes of its parts as they came. */
import type { AwaitTree } from './await.js'
import type { HeapState } from './heap.js'
import type { ClockReading } from './heartbeat.js'
import type { KernelState } from './kernel.js'
import type { PoolState, Starvation } from './loop.js'
import type { CaptureOutcome } from './outcome.js'
import type { ThreadStack } from './thread.js'

/** One round of capturing. A part that nobody tried is left out; one that failed is its outcome. */
export interface CapturedLook {
  /** Monotonic ms of the reader. */
  readonly takenAtMs: number
  readonly kernel?: CaptureOutcome<KernelState> | undefined
  readonly stacks?: CaptureOutcome<readonly ThreadStack[]> | undefined
  readonly awaits?: CaptureOutcome<AwaitTree> | undefined
  readonly pool?: CaptureOutcome<PoolState> | undefined
  readonly heap?: CaptureOutcome<HeapState> | undefined
  readonly starvation?: CaptureOutcome<Starvation> | undefined
  readonly debugger?: CaptureOutcome<'paused' | 'attached' | 'none'> | undefined
  readonly clocks?: readonly ClockReading[] | null
}
