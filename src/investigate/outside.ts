/** The way in of `dump`: another process, looked at through /proc, its memory and, where nothing else serves, its inspector. */
import { createHeapAwaitCapturer } from '../capture/heap-await-capturer.js'
import { createProfileCapturer } from '../capture/profile-capturer.js'
import { createSamplesCapturer } from '../capture/samples-capturer.js'
import type { InspectorAccess } from '../inspector/inspector-access.js'
import type { Capturer } from '../capture/capturer.js'
import { memorySamplesCapturer } from '../capture/memory-samples-capturer.js'
import { type CaptureStep, CAPTURE_STEPS } from '../capture/registry.js'
import { type CaptureOptions, CaptureSession } from '../capture/session.js'
import { PARTS } from '../evidence/missing.js'
import type { CapturedLook } from '../model/look.js'
import type { Evidence, Missing } from '../model/evidence.js'
import type { ClockReading } from '../model/heartbeat.js'
import type { ProcessIdentity } from '../model/process-identity.js'
import type { StackSamples } from '../model/samples.js'
import type { Stall } from '../model/stall.js'
import type { Target } from '../model/target.js'
import type { ArtifactStore } from './artifacts.js'
import { type InvestigationResult, investigate } from './investigation.js'
import type { Progress } from './investigation-plan.js'

/** `auto`: kernel and memory, and the inspector only where memory can't serve. The others are exactly what they say. */
export type EngineChoice = 'auto' | 'memory' | 'inspector' | 'kernel'

export interface OutsideOptions {
  readonly engine: EngineChoice
  /** Looks; two unless more are wanted. */
  readonly looks: number
  /** Kernel state and stacks, nothing else: the quickest answer. */
  readonly stacksOnly?: boolean
  /** 0: no profile. */
  readonly profileMs: number
  readonly capture: CaptureOptions
  /** Awaits by heap snapshot where memory gives none; it pauses. Refused above this much used heap, bytes. */
  readonly heapSnapshot?: { readonly maxHeapBytes: number } | null
  readonly store: ArtifactStore | null
  /** Opened only when it is used. */
  readonly inspector: InspectorAccess
  readonly signal?: AbortSignal
  /** Where the agent tells them. */
  readonly clocks?: () => Promise<readonly ClockReading[] | null>
  readonly onProgress?: (progress: Progress) => void
  /** As in the plan of an investigation; not told where stacks are all that is wanted. */
  readonly onFirstSeen?: (evidence: Evidence) => void
}

/** Between two looks: long enough for counters of 10 ms to say something, short enough to wait for. */
const BETWEEN_LOOKS_MS = 500
/** For everything but the waiting: a memory look takes seconds of a large heap, and on a crowded machine of any. */
const WORK_MS = 60_000
/** More where a heap snapshot may be taken: written by the target, parsed by us, places asked for one by one. */
const SNAPSHOT_MS = 60_000

export async function investigateOutside(
  target: Target,
  identity: ProcessIdentity,
  options: OutsideOptions,
): Promise<InvestigationResult> {
  const looksAtMs = Array.from({ length: Math.max(1, options.looks) }, (_, index) => index * BETWEEN_LOOKS_MS)
  const samples = createSamplesCapturer(options.inspector)
  const { heapSnapshot = null } = options
  const workMs = WORK_MS + (heapSnapshot === null ? 0 : SNAPSHOT_MS)
  const session = new CaptureSession(target, options.capture)
  try {
    return await investigate({
      session,
      process: identity,
      stall: manualStall(),
      deadlineMs: performance.now() + (looksAtMs.at(-1) ?? 0) + options.profileMs + workMs,
      looksAtMs,
      engines: enginesOf(options.engine),
      ...(options.stacksOnly ? { steps: CAPTURE_STEPS.filter(isStacks) } : {}),
      samples: (first) => samplerOf(options, first, samples),
      profile: () => (options.profileMs > 0 ? createProfileCapturer(options.inspector, options.profileMs) : null),
      heapAwaits:
        heapSnapshot === null ? null : createHeapAwaitCapturer(options.inspector, { allowed: true, ...heapSnapshot }),
      missing: missingBecauseOf(options),
      store: options.store,
      ...(options.clocks ? { clocks: options.clocks } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
      ...(options.onProgress ? { onProgress: options.onProgress } : {}),
      ...(options.onFirstSeen && !options.stacksOnly ? { onFirstSeen: options.onFirstSeen } : {}),
    })
  } finally {
    session.dispose()
    await options.inspector.close()
  }
}

function enginesOf(engine: EngineChoice): ReadonlySet<CaptureStep['engine']> {
  return new Set(engine === 'auto' || engine === 'memory' ? ['kernel', 'memory'] : ['kernel'])
}

/** A signal and an open port are the price: paid only when asked for, or when memory gave no stacks. */
function wantsInspector(engine: EngineChoice, first: CapturedLook): boolean {
  if (engine === 'inspector') return true
  return engine === 'auto' && first.stacks?.status !== 'captured'
}

/** Two looks don't tell whether frames come and go: a thread that runs is sampled, by the means that serves. */
function samplerOf(
  { engine, stacksOnly }: OutsideOptions,
  first: CapturedLook,
  inspector: Capturer<StackSamples>,
): Capturer<StackSamples> | null {
  if (wantsInspector(engine, first)) return inspector
  if (stacksOnly) return null
  const stacks = first.stacks?.status === 'captured' ? first.stacks.evidence : []
  return stacks.some((stack) => stack.role === 'main' && stack.state === 'running') ? memorySamplesCapturer : null
}

/** What the options leave out, each part with the option that does. */
export function missingBecauseOf(options: OutsideOptions): Missing[] {
  const missing: Missing[] = []
  if (options.profileMs === 0) {
    missing.push({ what: 'cpu-profile', why: 'ERR_STALL_NOT_ENABLED', message: 'not asked for: --profile SECONDS' })
  }
  const engines = enginesOf(options.engine)
  for (const step of CAPTURE_STEPS) {
    const left = leftOut(options, engines, step)
    if (left !== null) missing.push({ what: PARTS[step.part], why: 'ERR_STALL_NOT_ENABLED', message: left })
  }
  return missing
}

/** Which option leaves a part out, and what to do to have it; null when nothing does. */
function leftOut(
  options: OutsideOptions,
  engines: ReadonlySet<CaptureStep['engine']>,
  step: CaptureStep,
): string | null {
  // Awaits by a heap snapshot need no memory engine: they say themselves what became of them.
  if (step.part === 'awaits' && options.heapSnapshot) return null
  if (!engines.has(step.engine)) return `left out by --engine ${options.engine}: look again without --engine`
  return options.stacksOnly && !isStacks(step) ? 'left out by --stacks-only' : null
}

function isStacks({ part }: CaptureStep): boolean {
  return part === 'kernel' || part === 'stacks'
}

function manualStall(): Stall {
  return { trigger: 'manual', level: 'warn', clock: null, ageMs: 0, thresholdMs: 0, noticedAt: Date.now(), clocks: [] }
}
