/** What an investigation looks at beside its looks, each where they give reason to: kept memory, connections, the server, a profile. */
import { accessFrom } from '../capture/conductor-api.js'
import type { Capturer } from '../capture/capturer.js'
import { createConnectionWatchCapturer } from '../capture/connection-watch-capturer.js'
import { createFreshConnectionsCapturer } from '../capture/fresh-connections-capturer.js'
import { type CapturedProfile, PROFILE_ARTIFACT } from '../capture/profile-capturer.js'
import { retainedCapturer } from '../capture/retained-capturer.js'
import { runCapturer } from '../capture/run-capturer.js'
import { createServerViewCapturer } from '../capture/server-view-capturer.js'
import { connectionsToTry } from '../evidence/connections-to-try.js'
import { connectionsToWatch } from '../evidence/connections-to-watch.js'
import { serverToAsk } from '../evidence/servers-to-ask.js'
import type { ConnectionWatch } from '../model/connection-watch.js'
import type { FreshConnection } from '../model/evidence.js'
import type { HeapState } from '../model/heap.js'
import type { CapturedLook } from '../model/look.js'
import type { CaptureOutcome } from '../model/outcome.js'
import type { Retained } from '../model/retained.js'
import type { ServerAnswer } from '../model/server-view.js'
import { StallError } from '../model/stall-error.js'
import { type ArtifactOf, storeCapture, storeOutcome } from './artifacts.js'
import type { InvestigationPlan } from './investigation-plan.js'
import { isFillingHeap } from './near-heap-limit.js'

export const RETAINED: ArtifactOf<Retained> = { name: 'retained.json', engine: 'memory' }
/** Longest that the heap is gone over for what keeps its memory: a process at its limit may not live much longer. */
const RETAINED_MS_INSIDE = 8_000
const RETAINED_MS_OUTSIDE = 20_000

export function isTold(retained: CaptureOutcome<Retained> | undefined): boolean {
  return retained?.status === 'captured' && (retained.evidence.complete || retained.evidence.holdings.length > 0)
}

/** What keeps the memory of a heap that is filling up; undefined where there is room. */
export async function readRetained(
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
export async function watchConnections(
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
export async function tryConnections(
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
export async function askServer(
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

/** Where memory gave no awaits and a heap snapshot is allowed, the last look gets them from one. */
export async function addHeapAwaits(plan: InvestigationPlan, looks: CapturedLook[], deadlineMs: number): Promise<void> {
  const last = looks.at(-1)
  if (!plan.heapAwaits || last === undefined || last.awaits?.status === 'captured') return
  plan.onProgress?.({ step: 'heap-snapshot' })
  const awaits = await runCapturer(plan.heapAwaits, plan.session, { deadlineMs, signal: plan.signal })
  storeOutcome(plan.store, looks.length, 'awaits', awaits, 'inspector')
  looks[looks.length - 1] = { ...last, awaits }
}

export async function profileWith(
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

export async function captureArtifact<E>(
  plan: InvestigationPlan,
  capturer: Capturer<E>,
  deadlineMs: number,
  artifact: ArtifactOf<E>,
): Promise<CaptureOutcome<E>> {
  const outcome = await runCapturer(capturer, plan.session, { deadlineMs, signal: plan.signal })
  storeCapture(plan.store, artifact, outcome)
  return outcome
}
