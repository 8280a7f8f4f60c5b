/**
 * What one look at a thread's stack is asked, and what it gives.
 */
import type { Address } from '../../model/address.js'
import type { Frame } from '../../model/frame.js'
import type { StackWindow } from '../../platform/memory/stack-window.js'
import type { IsolateMoment } from '../heap/isolates.js'
import type { MachineFrame } from './frames.js'
import type { FrameSpan } from './merge-native.js'

/** What is known of a thread's registers: it runs, or it sleeps with these. */
export type Registers =
  | { readonly kind: 'running' }
  | { readonly kind: 'blocked'; readonly sp: Address; readonly pc: Address }

/** The thread itself, outside of V8: asked before and after each attempt. */
export interface ThreadOutside {
  /** Null when they can't be had. */
  readonly registers: () => Registers | null
  /** Time on a CPU so far; null when it can't be had: then what stands still proves nothing. */
  readonly ranNs?: () => number | null
  /** An address in the thread's stack, for a thread that runs (its control block, `[stack]`). */
  readonly stackHint?: number
}

/** What is wanted of a stack beside its places. */
export interface StackQuery {
  /** Arguments and variables (`--locals`). */
  readonly variables?: boolean
  /** Shown each walk while what it points at is fresh, also one that turns out to be torn. */
  readonly onWalk?: (window: StackWindow, frames: readonly MachineFrame[]) => void
}

export const PLACES_ALONE: StackQuery = {}

export interface StackReading {
  /** `none`: no JavaScript on the stack. `torn`: every attempt was overtaken by the thread. */
  readonly kind: 'exact' | 'probable' | 'none' | 'torn'
  /** Innermost first, async parents last. */
  readonly frames: readonly Frame[]
  /** Which machine frames made the lines of `frames`, in the same order. */
  readonly spans: readonly FrameSpan[]
  readonly vmState: IsolateMoment['vmState']
  /** Innermost exit frame; 0 without one: where native code below JavaScript begins. */
  readonly exitFrame: number
  readonly attempts: number
  /** What a reader must know of the frames, one sentence. */
  readonly note: string | null
}

export function none(moment: IsolateMoment, attempts: number): StackReading {
  return { kind: 'none', frames: [], spans: [], vmState: moment.vmState, exitFrame: 0, attempts, note: null }
}
