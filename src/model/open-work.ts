/** What a process has taken on and not finished, and what will wake it, beside its awaits: out of its memory. */
import type { SourcePosition } from './frame.js'
import type { Request, WaitHolder } from './wait.js'

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
  /** Its body has not come to its end: the client sends the rest, or nobody reads what came. */
  readonly body?: 'incomplete'
  /** The function that has it, or those of which one has it, as its server or framework keeps them. */
  readonly handlers?: readonly WaitHolder[]
  /** Which isolate: tid of its thread, when known. */
  readonly tid?: number
}

/** Jobs that a queue's worker has given to a processor, and that have not ended. */
export interface OpenJob {
  /** The package. */
  readonly queue: string
  /** Where the processor is defined; null: not known. */
  readonly processor: WaitHolder | null
  /** Of the oldest, since it was given out; null: not known. */
  readonly sinceMs: number | null
  readonly count: number
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

/** Sockets of one http.Agent whose answers have started and lie there without a reader: they serve nobody else. */
export interface UnreadAnswers {
  /** Class of the agent. */
  readonly agent: string
  readonly unread: number
  /** Sockets in use for that host. */
  readonly sockets: number
  /** Most that it opens for one host; null: no limit. */
  readonly limit: number | null
  /** `GET http://127.0.0.1:8080/scan-1.png, answer begun`, of one of them. For readers alone: made out of `request`. */
  readonly example?: string | null
  /** One of them. */
  readonly request?: Request
}

/** An HTTP/2 session of a client: every request on it is answered, or should be. */
export interface ClientSession {
  readonly fd: number
  readonly authority: string | null
}
