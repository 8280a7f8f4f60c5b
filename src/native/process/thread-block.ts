/** A thread's control block as it was found, and all of a process. */
import type { Address } from '../../model/address.js'
import type { MemoryReader } from '../../platform/memory/memory-reader.js'

/** What of a process the search for its blocks needs. */
export interface ThreadsOwner {
  /** `/proc/PID` or `/proc/self`. */
  readonly root: string
  readonly mainTid: number
  readonly memory: MemoryReader
}

export interface ThreadBlock {
  /** As this /proc numbers it. */
  readonly tid: number
  /** As the target itself numbers it (its innermost pid namespace), which is what its block says. */
  readonly ownTid: number
  /** The thread pointer (fs base). */
  readonly address: Address
  /** The mapping its stack lies in; for the main thread `[stack]`. */
  readonly stack: { readonly low: Address; readonly high: Address }
  /** 0 for the main thread and where it can't be told. */
  readonly startRoutine: Address
}

export interface ThreadBlocks {
  readonly byTid: ReadonlyMap<number, ThreadBlock>
  readonly byAddress: ReadonlyMap<number, ThreadBlock>
  /** Where in a block its thread's id is. */
  readonly tidOffset: number
  /** Why blocks are missing, one sentence; null when every thread has one. */
  readonly note: string | null
}
