/** What the agent's threads say to one another. Plain data: it crosses threads by structured clone. */
import type { ConnectionEnds } from '../../model/connection-ends.js'
import type { Heal } from '../../model/heal.js'
import type { Tombstone } from '../../model/incident.js'
import type { Stall } from '../../model/stall.js'
import type { StallErrorCode } from '../../model/stall-error.js'
import type { Work } from '../../model/work.js'
import type { IncidentNote } from '../probes-thread/probe-messages.js'

/** Main thread to watch thread, at its start. */
export interface WatchThreadData {
  readonly clocks: SharedArrayBuffer
}

/** Main thread to watch thread. */
export type ToWatch =
  | { readonly type: 'capture'; readonly id: number; readonly reason: string }
  /** The process would end although pollers were not stopped. */
  | { readonly type: 'premature-end' }
  /** What came of `close-connection`. */
  | {
      readonly type: 'connection-closed'
      readonly id: number
      readonly outcome: CloseOutcome
      readonly text: string
      /** monotonicMs */
      readonly atMs: number
    }

/** `closed`: it did not answer when asked, and is gone. `alive`: it did, and was left open. */
export type CloseOutcome = 'closed' | 'alive' | 'not-found' | 'failed'

/** Of one dead connection, to the main thread: it closes nothing once `untilMs` (monotonicMs) is over. */
export interface ConnectionToClose extends ConnectionEnds {
  readonly id: number
  readonly untilMs: number
}

/** Watch thread to main thread: it reaches the main thread only when its loop turns. */
export type FromWatch =
  | { readonly type: 'captured'; readonly id: number; readonly answer: CaptureAnswer }
  /** Lines for a stderr that the watch thread can't write without risk (a socket). */
  | { readonly type: 'say'; readonly line: string }
  /** For the application's own telemetry. */
  | { readonly type: 'incident'; readonly note: IncidentNote }
  | { readonly type: 'ended-before'; readonly tombstones: readonly Tombstone[] }
  /** The evidence of a premature end is safe: end with this code, or go on ending when null. */
  | { readonly type: 'end'; readonly exitCode: number | null }
  | { readonly type: 'close-connection'; readonly connection: ConnectionToClose }

export interface ErrorText {
  readonly code: StallErrorCode
  readonly message: string
  readonly help: string
}

/** The outcome of one capture, as everybody but the capture thread needs it. */
export interface CaptureAnswer {
  /** Null when no bundle could be sealed. */
  readonly incident: string | null
  readonly bundlePath: string | null
  /** The first verdict's `kind/cause`, its sentence and place; null without a verdict. */
  readonly verdict: VerdictText | null
  /** Kinds and causes of all verdicts, best first. */
  readonly verdicts: readonly string[]
  readonly problem: ErrorText | null
  /** The clock beat again while it was looked at. Absent: it did not. */
  readonly movedAgain?: boolean
  /** The one connection that is dead, or silent, as the first verdict says, with what a later incident repeats of it. */
  readonly dead?: Pick<Heal, 'connection' | 'verdict'>
}

export interface VerdictText {
  readonly name: string
  readonly confidence: string
  readonly summary: string
  /** `function (file:line:column)`; null where no code is to blame. */
  readonly place: string | null
  /** Tasks and traces that stand still there, at most five; absent when nothing says whose work it is. */
  readonly work?: readonly Work[]
}

/** Watch thread to capture thread, at its start. */
export interface CaptureThreadData {
  readonly clocks: SharedArrayBuffer
  readonly stall: Stall
  /** Monotonic ms (`monotonicMs`) at which the bundle has to be sealed. */
  readonly deadlineMs: number
  readonly mode: 'incident' | 'look'
  /** When the looks start, ms after the beginning. */
  readonly looksAtMs: readonly number[]
  /** Looks taken early in this process, serialized by the capture thread that took them. */
  readonly earlyLooks: readonly string[]
  /** Of one capture that somebody asked for; else the settings'. */
  readonly profileMs?: number
  readonly locals?: boolean
  /** Of the process, before the capture thread was started. */
  readonly residentBytes: number
  /** The watch thread's tid, which is no part of the worker. */
  readonly agentTids: readonly number[]
}

/** Capture thread to watch thread. */
export type FromCapture =
  | { readonly type: 'progress'; readonly step: string }
  | { readonly type: 'done'; readonly answer: CaptureAnswer }
  | { readonly type: 'looked'; readonly look: string }
