/** What `dump --json` prints: the last look, joined, with its verdicts. Stable: fields are added, never renamed. */
import type { AwaitNode, AwaitRoot } from '../model/await.js'
import type { CaptureCost, Evidence, Missing } from '../model/evidence.js'
import type { HeapState } from '../model/heap.js'
import type { ClockReading } from '../model/heartbeat.js'
import type { CgroupState, ChildProcess } from '../model/kernel.js'
import type { PoolState } from '../model/loop.js'
import type { ActiveTimer, UnansweredRequest } from '../model/open-work.js'
import type { ProcessIdentity } from '../model/process-identity.js'
import type { ProfileSummary, StackSamples } from '../model/samples.js'
import type { SocketState } from '../model/socket.js'
import type { ThreadStack } from '../model/thread.js'
import type { Verdict } from '../model/verdict.js'

export const DUMP_SCHEMA = 1

export interface DumpJson {
  readonly schema: number
  readonly process: ProcessIdentity
  readonly verdicts: readonly Verdict[]
  readonly threads: readonly ThreadStack[]
  readonly awaits: readonly AwaitNode[]
  /** What was left out of them, and how they were read. */
  readonly awaitNotes: readonly string[]
  /** The same from the outermost awaiter down. */
  readonly awaitRoots: readonly AwaitRoot[]
  /** Requests that it accepted and has not answered. */
  readonly requests: readonly UnansweredRequest[]
  /** Timers that run, the soonest first. */
  readonly timers: readonly ActiveTimer[]
  readonly sockets: readonly SocketState[]
  readonly clocks: readonly ClockReading[]
  readonly children: readonly ChildProcess[]
  readonly cgroup: CgroupState | null
  readonly pool: PoolState | null
  readonly heap: HeapState | null
  readonly samples: StackSamples | null
  readonly profile: ProfileSummary | null
  readonly looks: number
  readonly cost: CaptureCost
  readonly missing: readonly Missing[]
}

export function toDumpJson(evidence: Evidence, verdicts: readonly Verdict[]): DumpJson {
  const last = evidence.looks.at(-1)
  return {
    schema: DUMP_SCHEMA,
    process: evidence.process,
    verdicts,
    threads: last?.threads ?? [],
    awaits: last?.awaits?.awaits ?? [],
    awaitNotes: last?.awaits?.notes ?? [],
    awaitRoots: last?.awaits?.roots ?? [],
    requests: last?.awaits?.requests ?? [],
    timers: last?.awaits?.timers ?? [],
    sockets: last?.kernel?.sockets ?? [],
    clocks: last?.clocks ?? evidence.stall?.clocks ?? [],
    children: last?.kernel?.children ?? [],
    cgroup: last?.kernel?.cgroup ?? null,
    pool: last?.pool ?? null,
    heap: last?.heap ?? null,
    samples: evidence.samples,
    profile: evidence.profile,
    looks: evidence.looks.length,
    cost: evidence.cost,
    missing: evidence.missing,
  }
}

/** Whether there is anything to show: `dump` never ends with 0 without evidence. */
export function hasEvidence(evidence: Evidence): boolean {
  return (
    evidence.samples !== null ||
    evidence.looks.some((look) => look.kernel !== null || (look.threads?.length ?? 0) > 0 || look.awaits !== null)
  )
}
