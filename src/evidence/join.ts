/**
 * What all capturers brought, joined into one Evidence: the only door to the rules. Pure: no clock, no file.
 *
 * It never guesses: a part that was not captured stays null and is listed in `missing` with its reason.
 */
import type {
  CaptureCost,
  EndedPoller,
  Evidence,
  FreshConnection,
  Look,
  Missing,
  TaskInFlight,
} from '../model/evidence.js'
import type { ConnectionWatch } from '../model/connection-watch.js'
import type { CaptureOutcome } from '../model/outcome.js'
import type { ProcessIdentity } from '../model/process-identity.js'
import type { ServerAnswer, ServerView } from '../model/server-view.js'
import type { Retained } from '../model/retained.js'
import type { ProfileSummary, StackSamples } from '../model/samples.js'
import type { Stall } from '../model/stall.js'
import { keepCollected } from './collected-awaits.js'
import { joinAwaits } from './join-awaits.js'
import { joinTasks } from './join-tasks.js'
import { joinThreads } from './join-threads.js'
import { serverViews } from './server-views.js'
import { missingFrom } from './missing.js'
import type { CapturedLook } from '../model/look.js'

export interface EvidenceInput {
  readonly process: ProcessIdentity
  readonly stall: Stall | null
  readonly from: 'inside' | 'outside'
  /** Oldest first, at least one. */
  readonly looks: readonly CapturedLook[]
  readonly samples?: CaptureOutcome<StackSamples> | undefined
  readonly profile?: CaptureOutcome<ProfileSummary> | undefined
  readonly tasks?: readonly TaskInFlight[] | null
  readonly ended?: readonly EndedPoller[] | null
  readonly freshConnections?: CaptureOutcome<readonly FreshConnection[]> | undefined
  readonly serverAnswers?: CaptureOutcome<readonly ServerAnswer[]> | undefined
  readonly watchedConnections?: CaptureOutcome<readonly ConnectionWatch[]> | undefined
  readonly retained?: CaptureOutcome<Retained> | undefined
  /** What the caller measured itself; pauses that the outcomes report are added to it. */
  readonly cost?: Partial<CaptureCost> | undefined
  /** What else is missing, as the caller knows (an engine that was not asked for). */
  readonly missing?: readonly Missing[]
}

/** Throws never. The parts of each look are joined within the look; awaits are compared across looks as well. */
export function joinEvidence(input: EvidenceInput): Evidence {
  const looks = keepCollected(joinAwaits(input.looks.map(lookOf)))
  return {
    process: input.process,
    stall: input.stall,
    from: input.from,
    looks,
    samples: evidenceOf(input.samples),
    profile: evidenceOf(input.profile),
    tasks: input.tasks == null ? null : joinTasks(input.tasks, looks),
    ended: input.ended ?? null,
    freshConnections: evidenceOf(input.freshConnections),
    serverViews: viewsOf(input),
    watchedConnections: evidenceOf(input.watchedConnections),
    retained: evidenceOf(input.retained),
    cost: costOf(input),
    missing: [
      ...missingFrom(input.looks, {
        samples: input.samples,
        profile: input.profile,
        freshConnections: input.freshConnections,
        serverAnswers: input.serverAnswers,
        watchedConnections: input.watchedConnections,
        retained: input.retained,
      }),
      ...(input.missing ?? []),
    ],
  }
}

function lookOf(look: CapturedLook): Look {
  const kernel = evidenceOf(look.kernel)
  return {
    takenAtMs: look.takenAtMs,
    kernel,
    threads: joinThreads(evidenceOf(look.stacks), kernel),
    awaits: evidenceOf(look.awaits),
    pool: evidenceOf(look.pool),
    heap: evidenceOf(look.heap),
    starvation: evidenceOf(look.starvation),
    clocks: look.clocks ?? null,
    debugger: evidenceOf(look.debugger),
  }
}

function viewsOf({ serverAnswers, looks }: EvidenceInput): readonly ServerView[] | null {
  const answers = evidenceOf(serverAnswers)
  return answers === null ? null : serverViews(answers, looks.at(-1)?.clocks ?? [])
}

export function evidenceOf<E>(outcome: CaptureOutcome<E> | undefined): E | null {
  return outcome?.status === 'captured' ? outcome.evidence : null
}

function costOf(input: EvidenceInput): CaptureCost {
  const opened = evidenceOf(input.freshConnections)?.length ?? 0
  const outcomes = [input.samples, input.profile, ...input.looks.flatMap(outcomesOf)]
  const paused = outcomes.reduce((sum, each) => sum + (each?.pausedMs ?? 0), 0)
  return {
    pausedMs: (input.cost?.pausedMs ?? 0) + paused,
    cpuMs: input.cost?.cpuMs ?? 0,
    wallMs: input.cost?.wallMs ?? 0,
    memoryBytes: input.cost?.memoryBytes ?? 0,
    endedOnAttach: input.cost?.endedOnAttach ?? false,
    ...(opened === 0 ? {} : { connectionsOpened: opened }),
  }
}

function outcomesOf(look: CapturedLook): (CaptureOutcome<unknown> | undefined)[] {
  return [look.kernel, look.stacks, look.awaits, look.pool, look.heap, look.starvation, look.debugger]
}
