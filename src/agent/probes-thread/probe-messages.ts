/** What the watch thread tells the thread that answers probes, and back. Plain data, bounded. */
import type { StallLevel, StallTrigger } from '../../model/stall.js'
import type { Work } from '../../model/work.js'
import type { Tombstone } from '../../model/incident.js'

export interface ProbesThreadData {
  readonly clocks: SharedArrayBuffer
}

/** One incident as `/incidents` shows it. */
export interface IncidentNote {
  readonly at: string
  readonly trigger: StallTrigger
  readonly level: StallLevel
  readonly clock: string | null
  readonly ageMs: number
  /** Null: no bundle could be sealed, and `problem` says why. */
  readonly incident: string | null
  readonly bundle: string | null
  /** `kind/cause`, and its sentence; null without a verdict. */
  readonly verdict: string | null
  readonly confidence: string | null
  readonly summary: string | null
  /** Whose work stands still. */
  readonly work: readonly Work[]
  readonly problem: string | null
  readonly captureMs: number
}

export type ToProbes =
  | { readonly type: 'incident'; readonly note: IncidentNote }
  | { readonly type: 'state'; readonly leaving: boolean }
  /** The watchdog has decided not to end the process for the silence of this clock. */
  | { readonly type: 'forgiven'; readonly clock: string }
  | { readonly type: 'suppressed' }
  /** What an earlier run of this program left. */
  | { readonly type: 'ended-before'; readonly tombstones: readonly Tombstone[] }

export type FromProbes =
  | { readonly type: 'listening'; readonly port: number; readonly host: string }
  /** Tried again later; said once. */
  | { readonly type: 'failed'; readonly why: string }
