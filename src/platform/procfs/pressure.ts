/** Pressure-stall information (PSI) and the load average of the machine. Totals in microseconds, told in ms. */
import type { MachinePressure } from '../../model/kernel.js'
import { tryReadProcText } from './read.js'

/** Null for a line that the kernel does not have (`full` of cpu before 5.13). */
export function parsePressureTotalMs(text: string, line: 'some' | 'full'): number | null {
  const match = new RegExp(`^${line} .*total=(\\d+)`, 'm').exec(text)
  return match === null ? null : Number(match[1]) / 1000
}

/** Of the whole machine, since boot. Null where the kernel was built or started without PSI. */
export function readPressure(): MachinePressure | null {
  const total = (resource: string, line: 'some' | 'full'): number | null => {
    const text = tryReadProcText(`/proc/pressure/${resource}`, 4096)
    return text === null ? null : parsePressureTotalMs(text, line)
  }
  const cpuStallMs = total('cpu', 'some')
  const memoryStallMs = total('memory', 'full')
  const ioStallMs = total('io', 'full')
  if (cpuStallMs === null && memoryStallMs === null && ioStallMs === null) return null
  return { cpuStallMs, memoryStallMs, ioStallMs }
}

/** Over 1, 5 and 15 minutes; empty where /proc/loadavg can't be read. */
export function readLoadAverage(): number[] {
  const words = (tryReadProcText('/proc/loadavg', 256) ?? '').split(' ').slice(0, 3).map(Number)
  return words.every(Number.isFinite) && words.length === 3 ? words : []
}
