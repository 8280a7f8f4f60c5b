/** What an investigation is asked for, and the steps that it says it has come to. */
import type { CaptureSession } from '../capture/session.js'
import type { CaptureStep } from '../capture/registry.js'
import type { Capturer } from '../capture/capturer.js'
import type { CapturedProfile } from '../capture/profile-capturer.js'
import type { AwaitTree } from '../model/await.js'
import type { EndedPoller, Evidence, Missing, TaskInFlight } from '../model/evidence.js'
import type { ClockReading } from '../model/heartbeat.js'
import type { CapturedLook } from '../model/look.js'
import type { ProcessIdentity } from '../model/process-identity.js'
import type { StackSamples } from '../model/samples.js'
import type { Stall } from '../model/stall.js'
import type { ArtifactStore } from './artifacts.js'

export type Progress =
  | { readonly step: 'look'; readonly look: number; readonly of: number }
  | {
      readonly step:
        | 'samples'
        | 'retained'
        | 'connections'
        | 'fresh-connections'
        | 'server-view'
        | 'heap-snapshot'
        | 'profile'
        | 'diagnose'
        | 'seal'
    }

export type ClocksNow = readonly ClockReading[] | null

export interface InvestigationPlan {
  /** The target and how to capture. Whoever opened it disposes of it. */
  readonly session: CaptureSession
  readonly process: ProcessIdentity
  readonly stall: Stall | null
  /** Monotonic ms (`performance.now()` of this thread) at which everything has to be there. */
  readonly deadlineMs: number
  readonly signal?: AbortSignal
  /** When each look starts, ms after the beginning; two or more, or "stuck" can't be told from "slow". */
  readonly looksAtMs: readonly number[]
  readonly engines: ReadonlySet<CaptureStep['engine']>
  /** What a look consists of; everything unless less is wanted. */
  readonly steps?: readonly CaptureStep[]
  /** Asked after the first look; null: not wanted, and nothing is said about it. */
  readonly samples: (first: CapturedLook) => Capturer<StackSamples> | null
  /** Asked after the last look; as `samples`. */
  readonly profile: (last: CapturedLook) => Capturer<CapturedProfile> | null
  /** Awaits by heap snapshot, which pauses: only where they are allowed, and only when memory gives none. */
  readonly heapAwaits?: Capturer<AwaitTree> | null
  /** Where polls keep failing, one new connection to their server may be opened: traffic of our own. */
  readonly freshConnections?: boolean
  /** The environment with the SDK's settings where Conductor's server may be asked about silent pollers; null: it may not. */
  readonly serverView?: NodeJS.ProcessEnv | null
  /** The worker's CONDUCTOR_SERVER_URL: where its polls go. */
  readonly conductorServer?: string | null
  readonly clocks?: () => ClocksNow | Promise<ClocksNow>
  readonly tasks?: () => readonly TaskInFlight[] | null
  readonly ended?: readonly EndedPoller[] | null
  /** Early looks that were kept in memory, oldest first. */
  readonly earlier?: readonly CapturedLook[]
  readonly missing?: readonly Missing[]
  /** The target's resident memory before this thread was started; inside only. */
  readonly residentBytesBefore?: number
  readonly store: ArtifactStore | null
  readonly onProgress?: (progress: Progress) => void
  /** Told once: kernel state and stacks of the first look, before anything is searched for. No verdicts. */
  readonly onFirstSeen?: (evidence: Evidence) => void
}
