/** A libuv event loop, read from memory: its turns, its timers, its handles. */

export interface LoopState {
  /** In the poll phase now (epoll on its own descriptor). */
  readonly polling: boolean
  /** Iterations so far; the same count in two looks, outside poll, is a loop that does not turn. */
  readonly turns: number
  /** How long it has not turned, ms; null when it polls or when that can't be told. A lower bound. */
  readonly stuckMs: number | null
  /** How long it has been in this poll, ms; null outside poll. */
  readonly pollingMs: number | null
  /** Next timer relative to now, ms (negative: overdue); null without one. */
  readonly nextTimerMs: number | null
  readonly timers: number
  readonly activeHandles: number
  readonly activeRequests: number
  /** Descriptors that became ready so far, as libuv counts them; timers are none. */
  readonly events?: number
  /** Async ids given so far: each resource, request and timer that JavaScript makes takes one. Not always had. */
  readonly asyncIds?: number
  /** What is open in it of the application's, with what is known of each; read of the main thread. */
  readonly handles?: readonly LoopHandle[]
}

export interface LoopHandle {
  readonly type: string
  /** Node's wrapper class (`TCPWrap`, `ProcessWrap`), null for internal handles. */
  readonly wrapper: string | null
  readonly active: boolean
  readonly referenced: boolean
  readonly fd?: number
  readonly pid?: number
  readonly queuedBytes?: number
  readonly dueMs?: number
}

/** Libuv's thread pool. */
export interface PoolState {
  readonly size: number
  readonly idle: number
  /** DNS look-ups under way, and how many may be at a time: half of the pool, rounded up. */
  readonly slowRunning?: number
  readonly slowLimit?: number
  readonly running: readonly PoolWork[]
  readonly queued: readonly PoolWork[]
}

export interface PoolWork {
  /** `fs`, `getaddrinfo`, `getnameinfo`, `random`, or the owner's class (`PBKDF2Job`, `ZlibStream`). */
  readonly kind: string
  /** Path, host name or the like. */
  readonly what: string | null
  /** For `fs`: `open`, `read`, ... */
  readonly operation?: string
  /** The descriptor it works on. */
  readonly fd?: number
  /** One of the calls (DNS) that may fill only half of the pool. */
  readonly slow?: boolean
  /** The thread whose event loop waits for it. */
  readonly askedByTid?: number
  /** For running work: the pool thread and what it is in. */
  readonly tid?: number
  readonly syscall?: string
  /** The user's frame that asked for it, when it could be followed. */
  readonly queuedBy?: {
    readonly function: string | null
    readonly file: string | null
    readonly line: number | null
    readonly column: number | null
  }
}

/** Why the loop does not turn although the thread runs. */
export type Starvation = 'microtasks' | 'next-tick' | 'both' | 'none'
