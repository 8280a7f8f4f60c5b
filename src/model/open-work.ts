/** What a process has taken on and not finished, and what will wake it, beside its awaits: out of its memory. */
import type { SourcePosition } from './frame.js'

/** An HTTP request that it accepted and whose response has not ended. */
export interface UnansweredRequest {
  readonly method: string | null
  /** Path without query. */
  readonly path: string | null
  /** The head of the answer was written: a stream of events is meant to stay like that. */
  readonly begun: boolean
  readonly fd?: number
  readonly peer?: string
  /** TCP state of the joined socket. */
  readonly state?: string
  /** Nothing came from the client for so long, ms: the request is at least that old. */
  readonly sinceMs?: number
  /** Which isolate: tid of its thread, when known. */
  readonly tid?: number
}

/** Timers of one length whose callback is one function. */
export interface ActiveTimer {
  readonly repeats: boolean
  readonly afterMs: number
  /** Of the soonest; negative when overdue; null when that can't be told. */
  readonly dueInMs: number | null
  readonly count: number
  /** It keeps the process alive. */
  readonly referenced: boolean
  /** Where the callback is defined; null for a promise's own resolver and other native functions. */
  readonly callback: {
    readonly function: string | null
    readonly file: string | null
    readonly line: number | null
    readonly column: number | null
    readonly source?: SourcePosition
  } | null
  readonly tid?: number
}

/** An HTTP/2 session of a client: every request on it is answered, or should be. */
export interface ClientSession {
  readonly fd: number
  readonly authority: string | null
}
