/**
 * The one composition of capture, evidence and diagnosis, the same inside and outside: looks some time apart, stack
 * samples while JavaScript runs, a profile for what the deadline leaves, all joined and judged. Nothing in it throws
 * for want of evidence: what is missing is listed with its reason.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { CapturedProfile } from '../capture/profile-capturer.js'
import { takeLook } from '../capture/take-look.js'
import { joinEvidence } from '../evidence/join.js'
import type { HeapState } from '../model/heap.js'
import type { CapturedLook } from '../model/look.js'
import { clearerInMs, diagnose } from '../diagnose/diagnose.js'
import type { CaptureCost, Evidence, Missing } from '../model/evidence.js'
import type { CaptureOutcome } from '../model/outcome.js'
import type { Retained } from '../model/retained.js'
import type { ProfileSummary, StackSamples } from '../model/samples.js'
import type { SourceExcerpt } from '../model/source-excerpt.js'
import { StallError } from '../model/stall-error.js'
import type { Verdict } from '../model/verdict.js'
import { storeCapture, storeEnvironment, storeEvidence, storeOutcome, storeSources } from './artifacts.js'
import { createSourceMaps } from '../source/source-maps.js'
import {
  addHeapAwaits,
  askServer,
  captureArtifact,
  isTold,
  profileWith,
  readRetained,
  RETAINED,
  tryConnections,
  watchConnections,
} from './further-evidence.js'
import { lookLonger } from './look-longer.js'
import type { ClocksNow, InvestigationPlan } from './investigation-plan.js'
import { endOf } from './end-of-target.js'
import { openCostMeter } from './cost-meter.js'
import { lostLoopsOf } from './lost-loops.js'
import { withOriginalSources } from './map-sources.js'
import { withBundlePointers } from './pointers.js'

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
    const look = await lookOnce(plan, index + 1, captureUntilMs, {
      ...(index === 0 ? { afterStacks: (seen) => tellFirstSeen(plan, seen) } : {}),
      async afterHeap(heap) {
        // Again where the first look came before the heap was full, or was cut short.
        if (!isTold(retained)) retained = (await readRetained(plan, heap, captureUntilMs)) ?? retained
      },
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
  if (ended === null && !target.inside) {
    await lookLonger(looks, {
      isBeating: (seen) => areBeating(plan, seen),
      async look(pauseMs) {
        if (performance.now() + pauseMs > captureUntilMs) return null
        await waitUntil(performance.now() + pauseMs, plan.signal)
        return plan.signal?.aborted ? null : lookOnce(plan, looks.length + 1, captureUntilMs)
      },
      hasEnded: () => endOf(target) !== null,
    })
    await lookCloser(plan, looks, captureUntilMs)
  }
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
  const root = target.inside ? '' : `${target.procRoot}/root`
  const maps = createSourceMaps(target.inside ? { maxMapBytes: MAX_MAP_BYTES_INSIDE } : { root })
  const evidence = withOriginalSources({ ...joined, lostLoops: lostLoopsOf(joined, root) }, maps)
  storeEvidence(plan.store, evidence)
  const verdicts = diagnose(evidence)
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

function tellFirstSeen(plan: InvestigationPlan, seen: CapturedLook): void {
  if (plan.onFirstSeen === undefined || endOf(plan.session.target) !== null) return
  const from = plan.session.target.inside ? 'inside' : 'outside'
  plan.onFirstSeen(joinEvidence({ process: plan.process, stall: plan.stall, from, looks: [seen] }))
}

function missingSince({ code, message }: StallError): Missing {
  return { what: 'later-looks', why: code, message }
}

function noTimeForLook(): StallError {
  const message = 'no time was left for another look: what is stuck and what is slow look alike in one'
  return new StallError('ERR_STALL_NOT_REACHED', message)
}

function areBeating(plan: InvestigationPlan, looks: readonly CapturedLook[]): boolean {
  const seen = joinEvidence({ process: plan.process, stall: plan.stall, from: 'outside', looks })
  return diagnose(seen)[0]?.kind === 'beating'
}

const CLOSER_LOOKS = 2
/** Past the moment at which it wakes. */
const WOKEN_MS = 15
const MOST_MS = 1_000

/**
 * Where a collection fell between the looks, which moves what they would be compared by: further looks, as soon as what wakes
 * has woken once more, so that hardly another one falls between.
 */
async function lookCloser(plan: InvestigationPlan, looks: CapturedLook[], deadlineMs: number): Promise<void> {
  for (let more = 0; more < CLOSER_LOOKS && looks.length > 1; more++) {
    const dueMs = clearerInMs(joinEvidence({ process: plan.process, stall: plan.stall, from: 'outside', looks }))
    if (dueMs === null || dueMs > MOST_MS || performance.now() + dueMs > deadlineMs) return
    await waitUntil(performance.now() + dueMs + WOKEN_MS, plan.signal)
    if (plan.signal?.aborted) return
    const look = await lookOnce(plan, looks.length + 1, deadlineMs)
    if (endOf(plan.session.target) !== null) return
    looks.push(look)
  }
}

/** What is done with parts of a look before the awaits, whose scan takes seconds of a large heap. */
interface LookHooks {
  readonly afterStacks?: (seen: CapturedLook) => void
  /** A process at its limit may not live as long as that scan takes. */
  readonly afterHeap?: (heap: CaptureOutcome<HeapState>) => Promise<void>
}

async function lookOnce(
  plan: InvestigationPlan,
  look: number,
  deadlineMs: number,
  hooks: LookHooks = {},
): Promise<CapturedLook> {
  const outcomes = await takeLook(plan.session, {
    deadlineMs,
    signal: plan.signal,
    engines: plan.engines,
    steps: plan.steps,
    onOutcome: async (part, outcome, soFar) => {
      storeOutcome(plan.store, look, part, outcome, part === 'kernel' ? 'procfs' : 'memory')
      if (part === 'stacks') hooks.afterStacks?.({ ...soFar, clocks: null })
      if (part === 'heap') await hooks.afterHeap?.(outcome as CaptureOutcome<HeapState>)
    },
  })
  return { ...outcomes, clocks: await clocksOf(plan) }
}

function summaryOf(outcome: CaptureOutcome<CapturedProfile>): CaptureOutcome<ProfileSummary> {
  return outcome.status === 'captured' ? { ...outcome, evidence: outcome.evidence.summary } : outcome
}

/** Clocks are asked of the agent, from outside: it may not answer, and everything else is still worth having. */
async function clocksOf(plan: InvestigationPlan): Promise<ClocksNow> {
  try {
    return (await plan.clocks?.()) ?? null
  } catch {
    return null
  }
}

/** Ended early, too: the caller looks at the signal. */
async function waitUntil(atMs: number, signal: AbortSignal | undefined): Promise<void> {
  const ms = atMs - performance.now()
  if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => undefined)
}
