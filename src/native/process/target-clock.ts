/**
 * CLOCK_MONOTONIC of a process in another time namespace. /proc/PID/timens_offsets holds what its namespace adds to
 * the machine's own clock (time_namespaces(7)); without namespaces both are 0.
 */
import { tryReadProcText } from '../../platform/procfs/read.js'

/** To be added to this process's monotonic clock, ms. */
export function targetClockOffsetMs(root: string): number {
  return monotonicOffsetMs(tryReadProcText(`${root}/timens_offsets`)) - monotonicOffsetMs(ownOffsets())
}

function ownOffsets(): string | null {
  return tryReadProcText('/proc/self/timens_offsets')
}

/** Lines `monotonic  SECONDS  NANOSECONDS`; older kernels write the clock's number, 1. */
export function monotonicOffsetMs(text: string | null): number {
  const match = /^(?:monotonic|1)\s+(-?\d+)\s+(-?\d+)/m.exec(text ?? '')
  return match ? Number(match[1]) * 1000 + Number(match[2]) / 1e6 : 0
}
