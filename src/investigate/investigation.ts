/**
 * The one composition of capture, evidence and diagnosis, the same inside and outside: looks some time apart, stack
 * samples while JavaScript runs, a profile for what the deadline leaves, all joined and judged. Nothing in it throws
 * for want of evidence: what is missing is listed with its reason.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type CapturedProfile, PROFILE_ARTIFACT } from '../capture/profile-capturer.js'
import { createConnectionWatchCapturer } from '../capture/connection-watch-capturer.js'
import { createFreshConnectionsCapturer } from '../capture/fresh-connections-capturer.js'
import type { CaptureStep } from '../capture/registry.js'
import { retainedCapturer } from '../capture/retained-capturer.js'
import { runCapturer } from '../capture/run-capturer.js'
import type { CaptureSession } from '../capture/session.js'
import { takeLook } from '../capture/take-look.js'
import type { Capturer } from '../capture/capturer.js'
import { accessFrom } from '../capture/conductor-api.js'
import { createServerViewCapturer } from '../capture/server-view-capturer.js'
import { serverToAsk } from '../evidence/servers-to-ask.js'
import { connectionsToTry } from '../evidence/connections-to-try.js'
import { hasUnreadAnswers } from '../evidence/unread-answers.js'
import { connectionsToWatch } from '../evidence/connections-to-watch.js'
import { joinEvidence } from '../evidence/join.js'
import type { HeapState } from '../model/heap.js'
import type { CapturedLook } from '../model/look.js'
import { diagnose } from '../diagnose/diagnose.js'
import type { ConnectionWatch } from '../model/connection-watch.js'
import type { CaptureCost, EndedPoller, Evidence, FreshConnection, Missing, TaskInFlight } from '../model/evidence.js'
import type { ClockReading } from '../model/heartbeat.js'
import type { CaptureOutcome } from '../model/outcome.js'
import type { ProcessIdentity } from '../model/process-identity.js'
import type { ServerAnswer } from '../model/server-view.js'
import type { Retained } from '../model/retained.js'
import type { ProfileSummary, StackSamples } from '../model/samples.js'
import type { AwaitTree } from '../model/await.js'
import type { SourceExcerpt } from '../model/source-excerpt.js'
import type { Stall } from '../model/stall.js'
import { StallError } from '../model/stall-error.js'
import type { Verdict } from '../model/verdict.js'
import {
  type ArtifactOf,
  type ArtifactStore,
  storeCapture,
  storeEnvironment,
  storeEvidence,
  storeOutcome,
  storeSources,
} from './artifacts.js'
import { createSourceMaps } from '../source/source-maps.js'
import { endOf } from './end-of-target.js'
import { openCostMeter } from './cost-meter.js'
import { withOriginalSources } from './map-sources.js'
import { isFillingHeap } from './near-heap-limit.js'
import { withBundlePointers } from './pointers.js'

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

type ClocksNow = readonly ClockReading[] | null

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
}

export interface InvestigationResult {
  readonly evidence: Evidence
  /** Ranked, never empty. Pointers lead into the bundle's files where there is a store. */
  readonly verdicts: readonly Verdict[]
  /** Lines of source around the places that matter; none where nothing is stored. */
  readonly excerpts: readonly SourceExcerpt[]
  /** Raw, for whoever wants to keep it; in the store already. */
  readonly profile: CapturedProfile | null
  /** Why there is no more: the process ended while it was looked at. */
  readonly ended: StallError | null
  /** Looks after which the process was still there. */
  readonly wholeLooks: number
  /** The cost with what joining, judging and storing took: for whoever seals. */
  readonly costNow: () => CaptureCost
}

/** Left over for joining, judging and sealing. */
const CLOSING_MS = 500
const MAX_MAP_BYTES_INSIDE = 2 * 1024 * 1024

export async function investigate(plan: InvestigationPlan): Promise<InvestigationResult> {
  const { target, options } = plan.session
  const costMeter = openCostMeter({
    inside: target.inside,
    stall: plan.stall,
    ...(plan.residentBytesBefore === undefined ? {} : { residentBytesBefore: plan.residentBytesBefore }),
  })
  const startedMs = performance.now()
  const captureUntilMs = plan.deadlineMs - CLOSING_MS
  const looks: CapturedLook[] = [...(plan.earlier ?? [])]
  let samples: CaptureOutcome<StackSamples> | undefined
  let retained: CaptureOutcome<Retained> | undefined
  let ended: StallError | null = null
  let wholeLooks = 0

  for (const [index, atMs] of plan.looksAtMs.entries()) {
    // A look that can't be had any more is better left out than awaited.
    if (index > 0 && startedMs + atMs > captureUntilMs) {
      plan.store?.missing(`look-${index + 1}`, noTimeForLook())
      break
    }
    await waitUntil(startedMs + atMs, plan.signal)
    if (plan.signal?.aborted && looks.length > 0) break
    plan.onProgress?.({ step: 'look', look: index + 1, of: plan.looksAtMs.length })
    const look = await lookOnce(plan, index + 1, captureUntilMs, async (heap) => {
      // Again where the first look came before the heap was full, or was cut short.
      if (!isTold(retained)) retained = (await readRetained(plan, heap, captureUntilMs)) ?? retained
    })
    ended = endOf(target)
    // What was seen of an end says nothing of what was before: the looks before it count, where there are any.
    if (ended !== null && looks.length > 0) {
      plan.store?.missing(`look-${index + 1}`, ended)
      break
    }
    looks.push(look)
    costMeter.note()
    if (ended !== null) break
    wholeLooks++
    const sampler = index === 0 ? plan.samples(look) : null
    if (sampler !== null) {
      plan.onProgress?.({ step: 'samples' })
      costMeter.beforeAttach(await clocksOf(plan))
      samples = await captureArtifact(plan, sampler, captureUntilMs, {
        name: 'samples.json',
        engine: (evidence) => evidence.engine,
      })
      costMeter.afterAttach(await clocksOf(plan), samples)
    }
  }
  if (retained !== undefined && !isTold(retained)) storeCapture(plan.store, RETAINED, retained)
  if (ended === null && !target.inside) await lookLonger(plan, looks, captureUntilMs)
  storeEnvironment(plan.store, target.procRoot, options.redactor)
  if (ended === null) await addHeapAwaits(plan, looks, captureUntilMs)
  const watched = ended === null ? await watchConnections(plan, looks, captureUntilMs) : undefined
  const [fresh, server] = await Promise.all([
    tryConnections(plan, looks, captureUntilMs),
    askServer(plan, looks, captureUntilMs),
  ])
  const last = looks.at(-1)
  const profiler = last === undefined || ended !== null ? null : plan.profile(last)
  const profile = profiler === null ? undefined : await profileWith(plan, profiler, captureUntilMs)
  const cutShort = ended
  ended ??= endOf(target)

  plan.onProgress?.({ step: 'diagnose' })
  const joined = joinEvidence({
    process: plan.process,
    stall: plan.stall,
    from: target.inside ? 'inside' : 'outside',
    looks,
    ...(samples === undefined ? {} : { samples }),
    ...(profile === undefined ? {} : { profile: summaryOf(profile) }),
    ...(fresh === undefined ? {} : { freshConnections: fresh }),
    ...(server === undefined ? {} : { serverAnswers: server }),
    ...(watched === undefined ? {} : { watchedConnections: watched }),
    ...(retained === undefined ? {} : { retained }),
    tasks: plan.tasks?.() ?? null,
    ended: plan.ended ?? null,
    missing: [...(plan.missing ?? []), ...(cutShort === null ? [] : [missingSince(cutShort)])],
    cost: costMeter.soFar(),
  })
  const maps = createSourceMaps(
    target.inside ? { maxMapBytes: MAX_MAP_BYTES_INSIDE } : { root: `${target.procRoot}/root` },
  )
  const evidence = withOriginalSources(joined, maps)
  storeEvidence(plan.store, evidence)
  const verdicts = diagnose(evidence)
  const root = target.inside ? '' : `${target.procRoot}/root`
  return {
    evidence,
    verdicts: plan.store === null ? verdicts : verdicts.map(withBundlePointers),
    excerpts: storeSources(plan.store, evidence, verdicts, { root, redactor: options.redactor, maps }),
    profile: profile?.status === 'captured' ? profile.evidence : null,
    ended,
    wholeLooks,
    costNow: () => ({ ...evidence.cost, ...costMeter.soFar() }),
  }
}

function missingSince({ code, message }: StallError): Missing {
  return { what: 'later-looks', why: code, message }
}

function noTimeForLook(): StallError {
  const message = 'no time was left for another look: what is stuck and what is slow look alike in one'
  return new StallError('ERR_STALL_NOT_REACHED', message)
}

/** Where memory gave no awaits and a heap snapshot is allowed, the last look gets them from one. */
async function addHeapAwaits(plan: InvestigationPlan, looks: CapturedLook[], deadlineMs: number): Promise<void> {
  const last = looks.at(-1)
  if (!plan.heapAwaits || last === undefined || last.awaits?.status === 'captured') return
  plan.onProgress?.({ step: 'heap-snapshot' })
  const awaits = await runCapturer(plan.heapAwaits, plan.session, { deadlineMs, signal: plan.signal })
  storeOutcome(plan.store, looks.length, 'awaits', awaits, 'inspector')
  looks[looks.length - 1] = { ...last, awaits }
}

/** A burst of a leaking client lasts a second or two, its standstill until a server or a collection frees something. */
const BURST_MS = 2_500
const APART_MS = 600

/** Where answers lie unread while something moves: two further looks, after the burst, which then stand for all. */
async function lookLonger(plan: InvestigationPlan, looks: CapturedLook[], deadlineMs: number): Promise<void> {
  if (!hasUnreadAnswers(looks)) return
  const seen = joinEvidence({ process: plan.process, stall: plan.stall, from: 'outside', looks })
  if (diagnose(seen)[0]?.kind !== 'beating') return
  for (const pauseMs of [BURST_MS, APART_MS]) {
    if (performance.now() + pauseMs > deadlineMs) return
    await waitUntil(performance.now() + pauseMs, plan.signal)
    const look = await lookOnce(plan, looks.length + 1, deadlineMs)
    if (endOf(plan.session.target) !== null) return
    looks.push(look)
  }
  looks.splice(0, looks.length - 2)
}

const RETAINED: ArtifactOf<Retained> = { name: 'retained.json', engine: 'memory' }
/** Longest that the heap is gone over for what keeps its memory: a process at its limit may not live much longer. */
const RETAINED_MS_INSIDE = 8_000
const RETAINED_MS_OUTSIDE = 20_000

function isTold(retained: CaptureOutcome<Retained> | undefined): boolean {
  return retained?.status === 'captured' && (retained.evidence.complete || retained.evidence.holdings.length > 0)
}

/** What keeps the memory of a heap that is filling up; undefined where there is room. */
async function readRetained(
  plan: InvestigationPlan,
  heap: CaptureOutcome<HeapState>,
  deadlineMs: number,
): Promise<CaptureOutcome<Retained> | undefined> {
  if (!isFillingHeap(heap)) return undefined
  plan.onProgress?.({ step: 'retained' })
  const atMostMs = plan.session.target.inside ? RETAINED_MS_INSIDE : RETAINED_MS_OUTSIDE
  const untilMs = Math.min(deadlineMs, performance.now() + atMostMs)
  const outcome = await runCapturer(retainedCapturer, plan.session, { deadlineMs: untilMs, signal: plan.signal })
  // On disk before anything else; what tells nothing may be had better in the next look.
  if (isTold(outcome)) storeCapture(plan.store, RETAINED, outcome)
  return outcome
}

/** Whether requests go out again and again where nothing comes back: two looks are too close together to tell. */
async function watchConnections(
  plan: InvestigationPlan,
  looks: readonly CapturedLook[],
  deadlineMs: number,
): Promise<CaptureOutcome<readonly ConnectionWatch[]> | undefined> {
  const suspects = plan.engines.has('memory') && plan.looksAtMs.length > 1 ? connectionsToWatch(looks) : []
  if (suspects.length === 0) return undefined
  plan.onProgress?.({ step: 'connections' })
  return await captureArtifact(plan, createConnectionWatchCapturer(suspects), deadlineMs, {
    name: 'connections.json',
    engine: 'procfs',
  })
}

/** Whether it is the server that is silent, or only the worker's kept connection to it. */
async function tryConnections(
  plan: InvestigationPlan,
  looks: readonly CapturedLook[],
  deadlineMs: number,
): Promise<CaptureOutcome<readonly FreshConnection[]> | undefined> {
  const places = connectionsToTry(looks, plan.conductorServer)
  if (places.length === 0 || !plan.session.target.inside) return undefined
  if (plan.freshConnections !== true) {
    const why = `not allowed: no new connection to ${places.map((place) => place.peer).join(', ')} was tried`
    return { status: 'unavailable', error: new StallError('ERR_STALL_NOT_ENABLED', why) }
  }
  plan.onProgress?.({ step: 'fresh-connections' })
  return await captureArtifact(plan, createFreshConnectionsCapturer(places), deadlineMs, {
    name: 'fresh-connections.json',
    engine: 'network',
  })
}

/** Which side is it? Who polls these task types, and whether anything waits for them. */
async function askServer(
  plan: InvestigationPlan,
  looks: readonly CapturedLook[],
  deadlineMs: number,
): Promise<CaptureOutcome<readonly ServerAnswer[]> | undefined> {
  const env = plan.serverView ?? null
  if (env === null || !plan.session.target.inside) return undefined
  const asked = serverToAsk(looks, plan.stall, env['CONDUCTOR_SERVER_URL'] ?? null)
  if (asked === null) return undefined
  plan.onProgress?.({ step: 'server-view' })
  return await captureArtifact(plan, createServerViewCapturer(asked, accessFrom(env)), deadlineMs, {
    name: 'server-view.json',
    engine: 'network',
  })
}

/** @param afterHeap before the awaits, whose scan takes seconds: a process at its limit may not live that long */
async function lookOnce(
  plan: InvestigationPlan,
  look: number,
  deadlineMs: number,
  afterHeap?: (heap: CaptureOutcome<HeapState>) => Promise<void>,
): Promise<CapturedLook> {
  const outcomes = await takeLook(plan.session, {
    deadlineMs,
    signal: plan.signal,
    engines: plan.engines,
    steps: plan.steps,
    onOutcome: async (part, outcome) => {
      storeOutcome(plan.store, look, part, outcome, part === 'kernel' ? 'procfs' : 'memory')
      if (part === 'heap') await afterHeap?.(outcome as CaptureOutcome<HeapState>)
    },
  })
  return { ...outcomes, clocks: await clocksOf(plan) }
}

async function profileWith(
  plan: InvestigationPlan,
  capturer: Capturer<CapturedProfile>,
  deadlineMs: number,
): Promise<CaptureOutcome<CapturedProfile>> {
  plan.onProgress?.({ step: 'profile' })
  return await captureArtifact(plan, capturer, deadlineMs, {
    name: PROFILE_ARTIFACT,
    engine: 'inspector',
    content: ({ profile }) => JSON.stringify(profile),
  })
}

async function captureArtifact<E>(
  plan: InvestigationPlan,
  capturer: Capturer<E>,
  deadlineMs: number,
  artifact: ArtifactOf<E>,
): Promise<CaptureOutcome<E>> {
  const outcome = await runCapturer(capturer, plan.session, { deadlineMs, signal: plan.signal })
  storeCapture(plan.store, artifact, outcome)
  return outcome
}

/** Clocks are asked of the agent, from outside: it may not answer, and everything else is still worth having. */
async function clocksOf(plan: InvestigationPlan): Promise<ClocksNow> {
  try {
    return (await plan.clocks?.()) ?? null
  } catch {
    return null
  }
}

function summaryOf(outcome: CaptureOutcome<CapturedProfile>): CaptureOutcome<ProfileSummary> {
  return outcome.status === 'captured' ? { ...outcome, evidence: outcome.evidence.summary } : outcome
}

/** Ended early, too: the caller looks at the signal. */
async function waitUntil(atMs: number, signal: AbortSignal | undefined): Promise<void> {
  const ms = atMs - performance.now()
  if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => undefined)
}
