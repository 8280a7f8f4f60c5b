/** The manifest of a bundle: `incident.json`. Add fields, don't rename; a breaking change raises the schema. */
import type { CaptureCost } from './evidence.js'
import type { ClockReading } from './heartbeat.js'
import type { ProcessIdentity } from './process-identity.js'
import type { Stall } from './stall.js'
import type { StallErrorCode } from './stall-error.js'
import type { Verdict } from './verdict.js'

export const INCIDENT_SCHEMA = 1

export interface ArtifactRecord {
  /** File name in the bundle. */
  readonly name: string
  readonly sizeBytes: number
  readonly sha256: string
  /** How it was had: `memory`, `inspector`, `procfs`, ... */
  readonly engine: string
  readonly tookMs: number
  readonly pausedMs: number
}

export interface MissingArtifact {
  readonly name: string
  readonly code: StallErrorCode
  readonly message: string
  readonly help: string
}

export interface IncidentManifest {
  readonly schema: number
  /** ULID; also the folder's name. */
  readonly id: string
  /** ISO 8601. */
  readonly createdAt: string
  readonly sealedAt: string
  readonly process: ProcessIdentity
  readonly stall: Stall | null
  readonly verdicts: readonly Verdict[]
  readonly clocks: readonly ClockReading[]
  readonly artifacts: readonly ArtifactRecord[]
  readonly missing: readonly MissingArtifact[]
  readonly cost: CaptureCost
  /** How many values were taken out, by rule: no values here. */
  readonly redacted: Readonly<Record<string, number>>
  readonly tool: { readonly name: string; readonly version: string }
  /** The same for incidents alike in kind, cause and place; null without a verdict. */
  readonly fingerprint?: string | null
  /** Id of the incident that had captured this same silence of this process before; absent or null: this is the first. */
  readonly follows?: string | null
  /** What a reader should know of the bundle itself: another folder than asked for, sealed by a later process. */
  readonly notes?: readonly string[]
}

/** Left beside the bundles before the watchdog ends a process; the next boot logs it. */
export interface Tombstone {
  readonly schema: number
  readonly pid: number
  readonly startTime: string
  readonly endedAt: string
  readonly reason: string
  readonly exitCodeMeant: number
  /** `exit`: the main thread itself, at a premature end. */
  readonly how: 'koffi' | 'inspector' | 'sigkill' | 'exit'
  readonly clock: string | null
  readonly ageMs: number
  readonly incident: string | null
  readonly verdict: string | null
  /** Clock ticks since boot of the ended process: with the pid, proof that it is the one meant. */
  readonly startTicks?: number | null
  readonly service?: string | null
  /** The script that ran: a folder may be shared by several workers, and each start is told its own. */
  readonly program?: string | null
  /** Names the start by `conductor-diag run` that this process belonged to (`CONDUCTOR_STALL_RUN`). */
  readonly run?: string
}
