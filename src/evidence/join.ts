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
import type { CaptureOutcome } from '../model/outcome.js'
import type { ProcessIdentity } from '../model/process-identity.js'
import type { ProfileSummary, StackSamples } from '../model/samples.js'
import type { Stall } from '../model/stall.js'
import { joinAwaits } from './join-awaits.js'
import { joinTasks } from './join-tasks.js'
import { joinThreads } from './join-threads.js'
import { missingFrom } from './missing.js'
import type { CapturedLook } from '../model/look.js'

export interface EvidenceInput {
  readonly process: ProcessIdentity
  readonly stall: Stall | null
  readonly from: 'inside' | 'outside'
  /** Oldest first, at least one. */
  readonly rounds: readonly CapturedLook[]
  readonly samples?: CaptureOutcome<StackSamples> | undefined
  readonly profile?: CaptureOutcome<ProfileSummary> | undefined
  readonly tasks?: readonly TaskInFlight[] | null
  readonly ended?: readonly EndedPoller[] | null
  readonly freshConnections?: CaptureOutcome<readonly FreshConnection[]> | undefined
  /** What the caller measured itself; pauses that the outcomes report are added to it. */
  readonly cost?: Partial<CaptureCost> | undefined
  /** What else is missing, as the caller knows (an engine that was not asked for). */
  readonly missing?: readonly Missing[]
}

/** Throws never. The parts of each look are joined within the look; awaits are compared across looks as well. */
export function joinEvidence(input: EvidenceInput): Evidence {
  const looks = joinAwaits(input.rounds.map(lookOf))
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
    cost: costOf(input),
    missing: [
      ...missingFrom(input.rounds, {
        samples: input.samples,
        profile: input.profile,
        freshConnections: input.freshConnections,
      }),
      ...(input.missing ?? []),
    ],
  }
}

function lookOf(round: CapturedLook): Look {
  const kernel = evidenceOf(round.kernel)
  return {
    takenAtMs: round.takenAtMs,
    kernel,
    threads: joinThreads(evidenceOf(round.stacks), kernel),
    awaits: evidenceOf(round.awaits),
    pool: evidenceOf(round.pool),
    heap: evidenceOf(round.heap),
    starvation: evidenceOf(round.starvation),
    clocks: round.clocks ?? null,
    debugger: evidenceOf(round.debugger),
  }
}

export function evidenceOf<E>(outcome: CaptureOutcome<E> | undefined): E | null {
  return outcome?.status === 'captured' ? outcome.evidence : null
}

function costOf(input: EvidenceInput): CaptureCost {
  const opened = evidenceOf(input.freshConnections)?.length ?? 0
  const outcomes = [input.samples, input.profile, ...input.rounds.flatMap(outcomesOf)]
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

function outcomesOf(round: CapturedLook): (CaptureOutcome<unknown> | undefined)[] {
  return [round.kernel, round.stacks, round.awaits, round.pool, round.heap, round.starvation, round.debugger]
}
