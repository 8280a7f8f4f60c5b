/** What one look at a process brings, before it is joined: its parts, and their outcomes as they came. */
import type { AwaitTree } from './await.js'
import type { HeapState } from './heap.js'
import type { ClockReading } from './heartbeat.js'
import type { KernelState } from './kernel.js'
import type { PoolState, Starvation } from './loop.js'
import type { CaptureOutcome } from './outcome.js'
import type { ThreadStack } from './thread.js'

/** A new part is a row here, a capturer, and its line in capture/registry.ts. */
export interface LookParts {
  readonly kernel: KernelState
  readonly stacks: readonly ThreadStack[]
  readonly awaits: AwaitTree
  readonly pool: PoolState
  readonly heap: HeapState
  readonly starvation: Starvation
  readonly debugger: 'paused' | 'attached' | 'none'
}

export type LookPart = keyof LookParts

/** A part that nobody tried is left out; one that failed is its outcome. */
export type LookOutcomes = { readonly [P in LookPart]?: CaptureOutcome<LookParts[P]> | undefined }

export interface CapturedLook extends LookOutcomes {
  /** Monotonic ms of the reader. */
  readonly takenAtMs: number
  readonly clocks?: readonly ClockReading[] | null
}
