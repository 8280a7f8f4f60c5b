/**
 * The way in of the agent's capture thread: the same process, whose main thread is the patient. Everything is had
 * without permission, written piece by piece into a bundle, and sealed. Loads node core and our own code only.
 */
import { insideInspector } from '../inspector/open-inspector.js'
import { createHeapAwaitCapturer } from '../capture/heap-await-capturer.js'
import { createProfileCapturer } from '../capture/profile-capturer.js'
import { createSamplesCapturer } from '../capture/samples-capturer.js'
import { memorySamplesCapturer } from '../capture/memory-samples-capturer.js'
import { CaptureSession } from '../capture/session.js'
import { takeLook } from '../capture/take-look.js'
import type { Settings } from '../config/settings-table.js'
import type { CapturedLook } from '../model/look.js'
import type { SealOutcome } from '../incident/bundle-writer.js'
import type { DirectoryCandidate } from '../incident/directory.js'
import type { EndedPoller, TaskInFlight } from '../model/evidence.js'
import type { ClockReading } from '../model/heartbeat.js'
import type { ProcessIdentity } from '../model/process-identity.js'
import { StallError } from '../model/stall-error.js'
import type { Stall } from '../model/stall.js'
import type { Target } from '../model/target.js'
import { mainThreadAtRest } from '../inspector/connection/main-thread-connection.js'
import type { Redactor } from '../redact/redactor.js'
import { openIncidentBundle } from './bundle.js'
import { withHelpInside } from './inside-help.js'
import { type InvestigationResult, investigate } from './investigation.js'
import type { Progress } from './investigation-plan.js'
import { isNearHeapLimit, refuseNearHeapLimit } from './near-heap-limit.js'

export interface InsideRequest {
  readonly stall: Stall
  readonly settings: Pick<Settings, 'profileMs' | 'locals' | 'maxDiskBytes'> &
    Partial<Pick<Settings, 'heapSnapshot' | 'freshConnections' | 'serverView'>>
  /** Command line already redacted. */
  readonly process: ProcessIdentity
  /** Where bundles may go, best first (`bundleDirectories`). */
  readonly directories: readonly DirectoryCandidate[]
  readonly clocks: () => readonly ClockReading[] | null
  readonly tasks?: () => readonly TaskInFlight[] | null
  readonly ended?: readonly EndedPoller[] | null
  /** Tids of the watch thread and whatever else is the agent's (`ownThreadId()` there). This thread's own is known. */
  readonly agentTids?: readonly number[]
  /** Early looks kept in memory (`takeEarlyLook`), oldest first. */
  readonly earlier?: readonly CapturedLook[]
  /** Monotonic ms of this thread (`performance.now()`): the bundle is sealed by then. */
  readonly deadlineMs: number
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
  /** Of the whole capture, the command line too: its counts go into the manifest. */
  readonly redactor: Redactor
  /** Resident memory of the process before this thread was started, bytes. */
  readonly residentBytesBefore?: number
  /** When the looks start, ms from now; 0 and +2 s unless told otherwise. */
  readonly looksAtMs?: readonly number[]
}

export interface InsideResult extends InvestigationResult {
  /** Null when no folder took a bundle: then `storeError` says why, and the findings are all there is. */
  readonly bundle: SealOutcome | null
  readonly storeError: StallError | null
  /**
   * Whether this thread may be ended now. False: the main thread is in a native call with our session's end still in
   * its queue, and a thread that is being torn down in the moment it returns would take the process with it
   * (`mainThreadAtRest`). Leave it, unless the process is to be ended anyway.
   */
  readonly mayEndThread: boolean
}

/** After the bundle is sealed: for the session's end to arrive. */
const REST_MS = 2000
/** Whoever set the deadline waits a second longer for an answer. */
const OVERRUN_MS = 800

const LOOKS_AT_MS = [0, 2000]

/** Never throws for want of evidence or disk. Nothing stays attached to the main thread, and none of it stays paused. */
export async function investigateInside(request: InsideRequest): Promise<InsideResult> {
  const opened = openIncidentBundle({
    process: request.process,
    stall: request.stall,
    directories: request.directories,
    maxBytes: request.settings.maxDiskBytes,
    helped: withHelpInside,
  })
  const kept = opened instanceof StallError ? null : opened
  const inspector = insideInspector()
  const { redactor } = request
  const session = new CaptureSession(insideTarget(request), { redactor, locals: request.settings.locals })
  let findings: InvestigationResult
  try {
    findings = await investigate({
      session,
      process: request.process,
      stall: request.stall,
      deadlineMs: request.deadlineMs,
      looksAtMs: request.looksAtMs ?? LOOKS_AT_MS,
      engines: new Set(['kernel', 'memory']),
      samples: (first) => (isNearHeapLimit(first) ? memorySamplesCapturer : createSamplesCapturer(inspector)),
      profile: (last) =>
        isNearHeapLimit(last)
          ? refuseNearHeapLimit('profile')
          : createProfileCapturer(inspector, request.settings.profileMs),
      heapAwaits: request.settings.heapSnapshot === true ? createHeapAwaitCapturer(inspector, { allowed: true }) : null,
      freshConnections: request.settings.freshConnections === true,
      serverView:
        request.settings.freshConnections === true && request.settings.serverView === true ? process.env : null,
      conductorServer: process.env['CONDUCTOR_SERVER_URL'] ?? null,
      clocks: request.clocks,
      store: kept?.store ?? null,
      ...(request.signal ? { signal: request.signal } : {}),
      ...(request.tasks ? { tasks: request.tasks } : {}),
      ...(request.ended ? { ended: request.ended } : {}),
      ...(request.residentBytesBefore === undefined ? {} : { residentBytesBefore: request.residentBytesBefore }),
      ...(request.earlier ? { earlier: request.earlier } : {}),
      ...(request.onProgress ? { onProgress: request.onProgress } : {}),
    })
  } finally {
    session.dispose()
    await inspector.close()
  }
  request.onProgress?.({ step: 'seal' })
  const bundle = kept?.seal(findings, redactor.counts, request.stall.clocks) ?? null
  const mayEndThread = await mainThreadAtRest(
    Math.max(0, Math.min(REST_MS, request.deadlineMs + OVERRUN_MS - performance.now())),
  )
  return { ...findings, bundle, storeError: opened instanceof StallError ? opened : null, mayEndThread }
}

/** A look without an incident, to be kept in memory: what nothing can settle is collected at the next GC. */
export async function takeEarlyLook(
  request: Pick<InsideRequest, 'process' | 'agentTids' | 'clocks' | 'deadlineMs' | 'signal' | 'redactor'>,
): Promise<CapturedLook> {
  const { redactor, deadlineMs, signal } = request
  const session = new CaptureSession(insideTarget(request), { redactor, locals: false })
  try {
    const outcomes = await takeLook(session, { deadlineMs, signal, engines: new Set(['kernel', 'memory']) })
    return { ...outcomes, clocks: request.clocks() }
  } finally {
    session.dispose()
  }
}

function insideTarget(request: Pick<InsideRequest, 'process' | 'agentTids'>): Target {
  return {
    pid: request.process.pid,
    startTicks: request.process.startTicks,
    procRoot: process.platform === 'linux' ? '/proc/self' : null,
    inside: true,
    ...(request.agentTids ? { agentTids: request.agentTids } : {}),
  }
}
