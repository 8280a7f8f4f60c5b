/** What `top` shows at one moment: where the time of a process goes, function by function. */

export interface TopFunction {
  readonly function: string
  /** Path or URL; null for builtins and what has no code. */
  readonly file: string | null
  /** Share of the samples since the last refresh in which it was innermost, 0 to 1. */
  readonly ownShare: number
  /** The same for those in which it was on the stack. */
  readonly totalShare: number
  /** Since the beginning, ms: samples times the time that one stands for. */
  readonly ownMs: number
  readonly totalMs: number
  /** Of its samples, the share that may have returned before they were taken. */
  readonly probableShare: number
}

export interface TopThread {
  readonly tid: number
  readonly role: 'main' | 'worker'
  /** Shares of the samples since the last refresh; the rest ran JavaScript. */
  readonly idleShare: number
  readonly collectingShare: number
}

export interface TopMoment {
  /** ISO 8601. */
  readonly at: string
  /** Samples and missed turns since the beginning. */
  readonly samples: number
  readonly missed: number
  /** Somebody has stopped the process: each sample shows the same. */
  readonly stopped: boolean
  readonly threads: readonly TopThread[]
  /** The thread that the functions are of; null for all of them. */
  readonly tid: number | null
  readonly functions: readonly TopFunction[]
}

export type TopOrder = 'own' | 'total' | 'own-time' | 'total-time'
