/** /proc/PID/stat and /proc/PID/task/TID/stat: one line of numbers that never waits for a lock of the target. */
import { readProcText } from './read.js'
import { StallError } from '../../model/stall-error.js'

/** USER_HZ. 100 on every Linux that Node supports; the kernel scales its own tick to it before it shows a number. */
export const CLOCK_TICKS_PER_SECOND = 100

export interface ProcStat {
  readonly pid: number
  /** `comm`: at most 15 bytes, may hold spaces and brackets. */
  readonly name: string
  /** R running, S asleep, D uninterruptible, T stopped, t traced, Z zombie, X dead, I idle kernel thread. */
  readonly state: string
  readonly parentPid: number
  readonly processGroup: number
  readonly session: number
  /** Controlling terminal's device number; 0 without one. */
  readonly terminal: number
  /** The terminal's foreground process group; -1 without a terminal. */
  readonly foregroundGroup: number
  readonly flags: number
  readonly minorFaults: number
  readonly majorFaults: number
  readonly userMs: number
  readonly systemMs: number
  readonly threads: number
  /** Clock ticks since boot; with the pid it names one process for ever. */
  readonly startTicks: number
  readonly residentPages: number
}

/** PF_KTHREAD of include/linux/sched.h: the task has no user space. */
const FLAG_KERNEL_THREAD = 0x0020_0000

export function isKernelThread(stat: ProcStat): boolean {
  return (stat.flags & FLAG_KERNEL_THREAD) !== 0
}

const MS_PER_TICK = 1000 / CLOCK_TICKS_PER_SECOND

/** Field numbers are those of proc_pid_stat(5), from 1. The name is bracketed and may itself hold `) `. */
export function parseStat(text: string): ProcStat {
  const open = text.indexOf('(')
  const close = text.lastIndexOf(')')
  const rest = text.slice(close + 2).split(' ')
  if (open < 0 || close < open || rest.length < 22) {
    throw new StallError('ERR_STALL_CAPTURE_FAILED', `not a /proc stat line: ${JSON.stringify(text.slice(0, 60))}`)
  }
  const field = (number: number): number => Number(rest[number - 3])
  return {
    pid: Number(text.slice(0, open)),
    name: text.slice(open + 1, close),
    state: rest[0] ?? '?',
    parentPid: field(4),
    processGroup: field(5),
    session: field(6),
    terminal: field(7),
    foregroundGroup: field(8),
    flags: field(9),
    minorFaults: field(10),
    majorFaults: field(12),
    userMs: field(14) * MS_PER_TICK,
    systemMs: field(15) * MS_PER_TICK,
    threads: field(20),
    startTicks: field(22),
    residentPages: field(24),
  }
}

/** @param root `/proc/PID`, `/proc/self`, or a task's folder. */
export function readStat(root: string): ProcStat {
  return parseStat(readProcText(`${root}/stat`, 4096))
}
