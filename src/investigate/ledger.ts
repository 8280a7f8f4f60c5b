/** What a capture cost: our own CPU and time, the memory it took inside the target, and whether it ended the stall. */
import type { CaptureCost } from '../model/evidence.js'
import type { ClockReading } from '../model/heartbeat.js'
import { tryReadProcText } from '../platform/procfs/read.js'
import { parseStatus } from '../platform/procfs/status.js'
import { parseSchedstat } from '../platform/procfs/threads.js'

export interface Ledger {
  /** Clocks as they stood before anything was attached. */
  beforeAttach(clocks: readonly ClockReading[] | null): void
  afterAttach(clocks: readonly ClockReading[] | null): void
  /** Without the pauses, which each outcome reports itself. */
  close(): Omit<CaptureCost, 'pausedMs'>
}

/** @param stalled name of the clock that the stall is about; null when there is none */
export function openLedger(inside: boolean, stalled: string | null): Ledger {
  const startedMs = performance.now()
  const cpuAtStart = cpuMs(inside)
  const residentAtStart = inside ? residentBytes() : 0
  let beatsBefore: number | null = null
  let endedOnAttach = false
  const beatsOf = (clocks: readonly ClockReading[] | null): number | null =>
    clocks?.find((clock) => clock.name === stalled)?.beats ?? null
  return {
    beforeAttach(clocks) {
      beatsBefore = beatsOf(clocks)
    },
    afterAttach(clocks) {
      const beats = beatsOf(clocks)
      endedOnAttach = beatsBefore !== null && beats !== null && beats > beatsBefore
    },
    close() {
      return {
        cpuMs: Math.round(cpuMs(inside) - cpuAtStart),
        wallMs: Math.round(performance.now() - startedMs),
        memoryBytes: inside ? Math.max(0, residentBytes() - residentAtStart) : 0,
        endedOnAttach,
      }
    },
  }
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
