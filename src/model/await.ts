/** A suspended async function, who awaits it, and what it waits for. */
import type { Frame, LocalValue, SourcePosition } from './frame.js'
import type { WaitFacts, WaitsFor } from './wait.js'
import type { Work } from './work.js'
import type { ActiveTimer, ClientSession, OpenJob, UnansweredRequest, UnreadAnswers } from './open-work.js'

/** Most functions of one group whose calls are told apart. */
export const MAX_CALLS = 32

export type AwaitFunctionKind = 'async function' | 'async generator' | 'generator' | 'module'

export type {
  MemberHolder,
  PathPart,
  PoolFacts,
  PoolMember,
  QueueFacts,
  Taking,
  UnreadStream,
  WaitFacts,
  WaitHolder,
  WaitKind,
  WaitsFor,
} from './wait.js'

/** Suspended functions alike in place and chain, grouped. `W`: with or without the sentences of what they wait for. */
export interface AwaitNode<W extends WaitFacts = WaitsFor> {
  readonly function: string | null
  readonly file: string | null
  readonly line: number | null
  readonly column: number | null
  readonly kind: AwaitFunctionKind
  readonly count: number
  /** Innermost awaiter first, up to the root. */
  readonly awaitedBy: readonly Frame[]
  /** Present for leaves; `{kind: 'await'}` for functions that await another suspended one. */
  readonly waitsFor: W | null
  readonly source?: SourcePosition
  /** Which isolate: tid of its thread, when known. */
  readonly tid?: number
  /**
   * A number for each function of the group, in ascending order; absent above `MAX_CALLS` of them. The same number in two
   * looks between which nothing was collected is the same call; another number is another call.
   */
  readonly calls?: readonly number[]
  /**
   * Of the promise that a single function awaits, which waits for a timer or whose wait changed while it was read. The same number in
   * two looks between which nothing was collected is the same promise: the function has not gone on, however often the timer fired.
   */
  readonly promise?: number
  /** How long it was seen in this very place, over the looks; null with one look. */
  readonly seenMs?: number | null
  /** How many looks it was present in. */
  readonly looks?: number
  readonly locals?: readonly LocalValue[]
  /** Whose work it is, as its AsyncLocalStorage stores say; of the group at most five different ones. */
  readonly work?: readonly Work[]
  /** True when no root was found to reach it: it may be garbage not yet collected. */
  readonly doubtful?: boolean
}

export interface AwaitTree<W extends WaitFacts = WaitsFor> {
  readonly engine: 'memory' | 'heap-snapshot'
  /** Leaf-up, grouped. */
  readonly awaits: readonly AwaitNode<W>[]
  /** Root-down, grouped: the outermost awaiter first. */
  readonly roots: readonly AwaitRoot<W>[]
  readonly suspended: number
  readonly pausedMs: number
  readonly notes: readonly string[]
  /** The deadline ended the reading: functions, or what they wait for, may be missing. */
  readonly cutShort?: boolean
  /** Tasks that the agent in the process keeps, as they were found in the heap; absent without any. */
  readonly tasks?: readonly TaskInHeap<W>[]
  /** Garbage collections so far: between two looks with the same count nothing was collected, so what went moved on. */
  readonly collections?: number
  /** Garbage was collected while it was read, each time: functions may be missing, and numbers of calls be of another. */
  readonly unsettled?: boolean
  /** Accepted and not answered; absent where the heap was not read for them. */
  readonly requests?: readonly UnansweredRequest[]
  /** Of bull; absent without any. */
  readonly jobs?: readonly OpenJob[]
  /** That run; absent where the heap was not read for them. */
  readonly timers?: readonly ActiveTimer[]
  /** Open ones; absent where the heap was not read for them. */
  readonly sessions?: readonly ClientSession[]
  /** Absent where the heap was not read for them. */
  readonly unreadAnswers?: readonly UnreadAnswers[]
}

/** A task in flight as the heap has it: where its code is, and what is left of its execution. */
export interface TaskInHeap<W extends WaitFacts = WaitsFor> {
  readonly taskId: string
  /** The number of its record in the clocks' memory. */
  readonly index: number
  readonly execute: CodePlace | null
  /**
   * Its suspended functions, innermost first, outermost the one whose end settles the task's own promise. Empty: the
   * promise is pending and none is left. Null: can't be told (no promise, settled, or the heap was not read to its end).
   */
  readonly parked: readonly Frame[] | null
  /** What the innermost waits for; null when nothing is parked, or when it is settled: the function is about to go on. */
  readonly waitsFor: W | null
  /** Its promise is settled: the function has come to its end. Such a one is in flight only where its clock says so. */
  readonly settled?: true
  /** The task itself, where the agent kept it. */
  readonly work?: Work
}

/** Where a function stands in the source. */
export interface CodePlace {
  readonly function: string | null
  readonly file: string | null
  readonly line: number | null
  readonly column: number | null
  readonly source?: SourcePosition
}

export interface AwaitRoot<W extends WaitFacts = WaitsFor> {
  readonly function: string | null
  readonly file: string | null
  readonly line: number | null
  readonly column: number | null
  readonly count: number
  readonly awaiting: readonly AwaitRoot<W>[]
  readonly waitsFor?: W | null
  readonly source?: SourcePosition
}
