/** The catalogue of verdicts. `kind` and `cause` are stable names: other tools match on them. */
import type { ConnectionEnds } from './connection-ends.js'
import type { Frame, SourcePosition } from './frame.js'
import type { LineOf } from './line-of.js'
import type { Work } from './work.js'

export const VERDICT_CAUSES = {
  computing: ['loop', 'regexp', 'json', 'javascript'],
  'blocked-in-native': [
    'child-process',
    'file-read',
    'file-write',
    'futex',
    'crypto',
    'zlib',
    'sqlite',
    'addon',
    'unknown',
  ],
  awaiting: [
    'http-response',
    'socket-unacknowledged',
    'connection-reused-dead',
    'socket-reply',
    'lock',
    'slots-exhausted',
    'pool-exhausted',
    'not-connected',
    'threadpool-exhausted',
    'thread-message',
    'child-message',
    'stream',
    'timer',
    'file',
    'dns',
    'never-settles',
    'unknown',
  ],
  'starving-the-loop': ['microtasks', 'next-tick'],
  'collecting-garbage': ['near-heap-limit', 'external-memory'],
  'cpu-starved': ['cgroup-throttled', 'run-queue'],
  stopped: ['signal', 'frozen'],
  'paused-by-debugger': [],
  ended: ['exception', 'nothing-alive'],
  paging: ['major-faults', 'memory-pressure'],
  unknown: [],
  beating: [],
  idle: [],
} as const satisfies Record<string, readonly string[]>

export type VerdictKind = keyof typeof VERDICT_CAUSES
export type VerdictCause<K extends VerdictKind = VerdictKind> = (typeof VERDICT_CAUSES)[K][number]
export type Confidence = 'high' | 'medium' | 'low'

export interface VerdictPlace {
  readonly function: string | null
  readonly file: string
  readonly line: number
  readonly column: number | null
  readonly source?: SourcePosition
  /** Where the line of the call itself is not known: the line is that of its only loop, or of its definition. */
  readonly lineOf?: LineOf
}

export interface Verdict {
  readonly kind: VerdictKind
  readonly cause: VerdictCause | null
  readonly confidence: Confidence
  /** The frame of the user's code that is to blame; null where no code is, or none is left. */
  readonly where: VerdictPlace | null
  /** From `where` up to the poll loop. */
  readonly chain: readonly Frame[]
  /** One sentence that an operator can paste into a ticket. */
  readonly summary: string
  /** JSON Pointers into the bundle: file before the hash (`awaits.json#/0`), or `#/threads/0` within one dump. */
  readonly evidence: readonly string[]
  /** Which independent signs agreed, one phrase each: explains the confidence. */
  readonly signs: readonly string[]
  readonly refutedBy: string
  readonly nextStep: string
  /**
   * The one connection that is dead, or on which the poll in flight is not answered; absent where it can't be told from others,
   * and with other causes.
   */
  readonly connection?: ConnectionEnds
  /** Whose work stands still there, at most five different ones; absent when nothing says so. */
  readonly work?: readonly Work[]
}
