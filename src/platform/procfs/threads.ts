/** The threads of a process as the kernel schedules them: state, where they sleep, counters. */
import type { KernelThread, ThreadCounters } from '../../model/thread.js'
import { listNumbers, tryReadLink, tryReadProcText } from './read.js'
import { parseStat, type ProcStat } from './stat.js'
import { parseStatus } from './status.js'
import { readSyscall } from './syscall.js'

/** Enough for any worker; a process with more threads than this is cut, and the caller can see that it was. */
export const MAX_THREADS = 512

/** ns on CPU, ns waiting in the run queue. */
export function parseSchedstat(text: string): { onCpuMs: number; runQueueWaitMs: number } | null {
  const [onCpu, waiting] = text.trim().split(' ').map(Number)
  if (onCpu === undefined || waiting === undefined || !Number.isFinite(onCpu + waiting)) return null
  return { onCpuMs: onCpu / 1e6, runQueueWaitMs: waiting / 1e6 }
}

/** The kernel function a task sleeps in; null when it runs, or when the kernel hides it (`0`). */
export function readWchan(taskRoot: string): string | null {
  const text = tryReadProcText(`${taskRoot}/wchan`, 128)?.trim()
  return text === undefined || text === '' || text === '0' ? null : text
}

export function listThreads(root: string): number[] {
  return listNumbers(`${root}/task`, MAX_THREADS)
}

/** The main thread's tid is the pid, as this /proc numbers it (`/proc/self` is a link to it). */
export function mainThreadId(root: string): number {
  const name = root.split('/').at(-1) ?? ''
  return Number(name === 'self' ? (tryReadLink(root) ?? process.pid) : name)
}

/** One thread, or null when it ended meanwhile. stat, status and wchan before syscall: those never wait for a lock. */
export function readThread(root: string, tid: number, mainTid: number): KernelThread | null {
  const task = `${root}/task/${tid}`
  const statText = tryReadProcText(`${task}/stat`, 4096)
  if (statText === null) return null
  const stat = parseStat(statText)
  const counters = countersOf(
    stat,
    tryReadProcText(`${task}/status`, 16 * 1024),
    tryReadProcText(`${task}/schedstat`, 128),
  )
  return {
    tid,
    name: stat.name,
    kernelState: stat.state,
    wchan: readWchan(task),
    syscall: readSyscall(root, tid),
    counters,
    role: tid === mainTid ? 'main' : 'unknown',
  }
}

function countersOf(stat: ProcStat, statusText: string | null, schedstatText: string | null): ThreadCounters {
  const status = statusText === null ? null : parseStatus(statusText)
  const scheduled = schedstatText === null ? null : parseSchedstat(schedstatText)
  return {
    userMs: stat.userMs,
    systemMs: stat.systemMs,
    onCpuMs: scheduled?.onCpuMs ?? null,
    runQueueWaitMs: scheduled?.runQueueWaitMs ?? null,
    majorFaults: stat.majorFaults,
    voluntarySwitches: status?.voluntarySwitches ?? null,
    involuntarySwitches: status?.involuntarySwitches ?? null,
  }
}

/** All threads, the main one first (tids wrap around, so it need not have the lowest). */
export function readThreads(root: string): KernelThread[] {
  const mainTid = mainThreadId(root)
  const others = listThreads(root).filter((tid) => tid !== mainTid)
  return [mainTid, ...others].flatMap((tid) => readThread(root, tid, mainTid) ?? [])
}

/** Nanoseconds that a thread has been on a CPU; null where the kernel does not count them, or it has ended. */
export function readRanNs(root: string, tid: number): number | null {
  const text = tryReadProcText(`${root}/task/${tid}/schedstat`, 128)
  const ran = text === null ? Number.NaN : Number(text.split(' ')[0])
  return Number.isFinite(ran) ? ran : null
}
