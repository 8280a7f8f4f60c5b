/** What a process is: command line, binary, folder, environment, namespaces, start time. */
import { readProcBytes, tryReadLink, tryReadProcText } from './read.js'
import { CLOCK_TICKS_PER_SECOND, readStat } from './stat.js'

/** `/proc/PID`; the agent's own threads use `/proc/self`, which needs no permission. */
export function procRootOf(pid: number): string {
  return `/proc/${pid}`
}

/** NUL-separated strings; a process that rewrote its title leaves one string padded with NULs or spaces. */
export function splitNul(bytes: Buffer): string[] {
  const text = bytes.toString('utf8').replace(/\0+$/, '')
  return text === '' ? [] : text.split('\0')
}

/** Unredacted. Waits for the target's mmap lock. Empty for kernel threads and zombies. */
export function readCommandLine(root: string): string[] {
  return splitNul(readProcBytes(`${root}/cmdline`, 256 * 1024))
}

/** Unredacted. As at exec: later changes by the process are not seen. */
export function readEnvironment(root: string): Record<string, string> {
  const variables: Record<string, string> = {}
  for (const entry of splitNul(readProcBytes(`${root}/environ`, 1024 * 1024))) {
    const equals = entry.indexOf('=')
    if (equals > 0) variables[entry.slice(0, equals)] = entry.slice(equals + 1)
  }
  return variables
}

export interface Executable {
  /** As the target's mount namespace names it; ` (deleted)` taken off. */
  readonly path: string
  /** Replaced or removed since the start: `${root}/exe` still opens the real one. */
  readonly deleted: boolean
}

export function readExecutable(root: string): Executable | null {
  const link = tryReadLink(`${root}/exe`)
  if (link === null) return null
  const deleted = link.endsWith(' (deleted)')
  return { path: deleted ? link.slice(0, -' (deleted)'.length) : link, deleted }
}

export function readWorkingFolder(root: string): string | null {
  return tryReadLink(`${root}/cwd`)
}

export type NamespaceName = 'net' | 'pid' | 'mnt' | 'user' | 'time' | 'cgroup'

/** `net:[4026531833]`: equal strings are the same namespace. Null where the kernel refuses. */
export function readNamespace(root: string, name: NamespaceName): string | null {
  return tryReadLink(`${root}/ns/${name}`)
}

/** Seconds since the epoch at which the machine started, from /proc/stat; null where it is hidden. */
export function readBootTimeSeconds(): number | null {
  const match = /^btime (\d+)$/m.exec(tryReadProcText('/proc/stat', 1024 * 1024) ?? '')
  return match ? Number(match[1]) : null
}

/** Start of a process in wall-clock time: up to a second early, since the time of the boot is cut to whole seconds. */
export function startTimeOf(startTicks: number): Date | null {
  const boot = readBootTimeSeconds()
  return boot === null ? null : new Date((boot + startTicks / CLOCK_TICKS_PER_SECOND) * 1000)
}

/** Whether this very process still runs; a zombie does not. `startTicks` null: only the pid tells. */
export function isThere(pid: number, startTicks: number | null): boolean {
  try {
    const stat = readStat(`/proc/${pid}`)
    return stat.state !== 'Z' && stat.state !== 'X' && (startTicks === null || stat.startTicks === startTicks)
  } catch {
    // No entry of that number any more.
    return false
  }
}

/** How long a process has been there, ms. */
export function ageMsOf(startTicks: number): number | null {
  const uptime = Number(/^[\d.]+/.exec(tryReadProcText('/proc/uptime', 256) ?? '')?.[0] ?? Number.NaN)
  return Number.isNaN(uptime) ? null : Math.max(0, uptime * 1000 - (startTicks * 1000) / CLOCK_TICKS_PER_SECOND)
}
