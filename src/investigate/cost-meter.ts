/**
 * What a capture cost: CPU and time, the memory it took inside the target, and whether looking ended the stall. Inside,
 * the thread that captures exists for nothing else: all that it ever used counts, from its start on.
 */
import type { CaptureCost } from '../model/evidence.js'
import type { ClockReading } from '../model/heartbeat.js'
import type { CaptureOutcome } from '../model/outcome.js'
import type { Stall } from '../model/stall.js'
import { tryReadProcText } from '../platform/procfs/read.js'
import { parseStatus } from '../platform/procfs/status.js'
import { parseSchedstat } from '../platform/procfs/threads.js'

/** Without the pauses, which each outcome reports itself, and the connections. */
export type MeasuredCost = Pick<CaptureCost, 'cpuMs' | 'wallMs' | 'memoryBytes' | 'endedOnAttach'>

export interface CostMeter {
  /** Memory comes and goes within a capture: the most of these moments counts. */
  note(): void
  /** Clocks as they stood before anything was attached. */
  beforeAttach(clocks: readonly ClockReading[] | null): void
  /** `outcome`: of what was to attach; one that was refused has touched nothing. */
  afterAttach(clocks: readonly ClockReading[] | null, outcome: CaptureOutcome<{ readonly engine: string }>): void
  /** As of now; may be asked again. */
  soFar(): MeasuredCost
}

export interface LedgerOptions {
  readonly inside: boolean
  readonly stall: Pick<Stall, 'clock' | 'trigger'> | null
  /** The target's resident memory before the capture's thread was started; inside only. */
  readonly residentBytesBefore?: number
  readonly meters?: Meters
}

export interface Meters {
  /** CPU that the capture used so far, ms. */
  readonly cpuMs: () => number
  readonly nowMs: () => number
  readonly residentBytes: () => number
}

export function openCostMeter({
  inside,
  stall,
  residentBytesBefore,
  meters = metersOf(inside),
}: LedgerOptions): CostMeter {
  const startedMs = meters.nowMs()
  const cpuAtStart = inside ? 0 : meters.cpuMs()
  const residentAtStart = residentBytesBefore ?? meters.residentBytes()
  let mostResident = residentAtStart
  let progressBefore: number | null = null
  let endedOnAttach = false
  const note = (): void => {
    if (inside) mostResident = Math.max(mostResident, meters.residentBytes())
  }
  return {
    note,
    beforeAttach(clocks) {
      progressBefore = progressOf(clocks, stall)
    },
    afterAttach(clocks, outcome) {
      const progress = progressOf(clocks, stall)
      if (progressBefore === null || progress === null || !hasAttached(outcome)) return
      endedOnAttach = progress > progressBefore
    },
    soFar() {
      note()
      return {
        cpuMs: Math.round(meters.cpuMs() - cpuAtStart),
        wallMs: Math.round(meters.nowMs() - startedMs),
        memoryBytes: mostResident - residentAtStart,
        endedOnAttach,
      }
    },
  }
}

/**
 * What would grow if the stall were over: beats of a clock that was silent. A poller that gets no answers beats all the
 * time, and a loop that has ended never will: of these nothing can be told.
 */
function progressOf(clocks: readonly ClockReading[] | null, stall: LedgerOptions['stall']): number | null {
  if (stall === null || (stall.trigger !== 'loop-silence' && stall.trigger !== 'event-loop')) return null
  return clocks?.find((clock) => clock.name === stall.clock)?.beats ?? null
}

function hasAttached(outcome: CaptureOutcome<{ readonly engine: string }>): boolean {
  switch (outcome.status) {
    case 'captured':
      return outcome.evidence.engine === 'inspector'
    case 'timed-out':
      return true
    case 'unavailable':
      // Asked, and not answered in time; the other refusals come before anything is attached.
      return outcome.error.code === 'ERR_STALL_INSPECTOR_TIMEOUT' || (outcome.pausedMs ?? 0) > 0
  }
}

function metersOf(inside: boolean): Meters {
  return { cpuMs: () => cpuMs(inside), nowMs: () => performance.now(), residentBytes }
}

/** Inside it is the capture thread's own time that counts, not the worker's; outside, all of the tool's. */
function cpuMs(inside: boolean): number {
  if (inside) {
    const text = tryReadProcText('/proc/thread-self/schedstat', 128)
    const scheduled = text === null ? null : parseSchedstat(text)
    if (scheduled !== null) return scheduled.onCpuMs
  }
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function residentBytes(): number {
  const text = tryReadProcText('/proc/self/status', 16 * 1024)
  return text === null ? process.memoryUsage.rss() : parseStatus(text).residentBytes
}
