/**
 * Stops a process for the moment in which something of it is copied, and continues it at once.
 *
 * Opt-in only. Refused for a terminal's foreground job (the shell would take it to the background), never continued
 * when it was stopped before we came. A guard, a process of its own, sends SIGCONT when this one dies in between.
 */
import type { ChildProcess } from 'node:child_process'
import { constants, getPriority, setPriority } from 'node:os'
import { StallError } from '../model/stall-error.js'
import { readStat } from '../platform/procfs/stat.js'
import { readRawSyscall } from '../platform/procfs/syscall.js'
import type { RawSyscall } from '../platform/procfs/syscall.js'

/** How long a thread may take to stop: it does so at its next return to user space. */
const STOP_DEADLINE_MS = 200

/** Looks without a wait: on a quiet machine it has stopped by then. */
const SPINS = 10
const WAIT_MS = 0.1
const NOTHING = new Int32Array(new SharedArrayBuffer(4))

/** `read` fails when the pipe is closed without a word: then its writer has died. */
const GUARD = 'read word || kill -CONT "$1"'

export interface Stopped<T> {
  readonly value: T
  readonly pausedMs: number
}

/** @throws StallError ERR_STALL_USAGE for a terminal's foreground job, ERR_STALL_PERMISSION, ERR_STALL_NO_SUCH_PROCESS */
export function assertStoppable(pid: number): void {
  const stat = readStat(`/proc/${pid}`)
  if (stat.terminal !== 0 && stat.foregroundGroup === stat.processGroup) {
    throw new StallError(
      'ERR_STALL_USAGE',
      `process ${pid} is the foreground job of a terminal: stopping it would send it to the background`,
      {
        help: 'leave out --stop: the stack is then read without one, and its top frame is marked as probable',
      },
    )
  }
}

/** Stops one process again and again, with one guard for all of it. */
export interface Stopper {
  /**
   * @param copy called while the thread `tid` stands still, with its registers; it must do no more than copy
   * @returns null when the thread did not stop in time, or its process was stopped by somebody else already
   */
  whileStopped<T>(tid: number, copy: (registers: RawSyscall) => T): Stopped<T> | null
  dispose(): void
}

/** @throws StallError as `assertStoppable`; ERR_STALL_CAPTURE_FAILED where no guard can be started */
export function openStopper(pid: number): Stopper {
  assertStoppable(pid)
  const guard = startGuard(pid)
  return {
    whileStopped: (tid, copy) => stopOnce(pid, tid, copy),
    dispose: () => void guard.stdin?.end('done\n'),
  }
}

/** As `Stopper.whileStopped`, once. */
export function whileStopped<T>(pid: number, tid: number, copy: (registers: RawSyscall) => T): Stopped<T> | null {
  assertStoppable(pid)
  if (isStopped(pid)) return null
  const stopper = openStopper(pid)
  try {
    return stopper.whileStopped(tid, copy)
  } finally {
    stopper.dispose()
  }
}

/** By somebody's signal, or a tracer. */
export function isStopped(pid: number): boolean {
  const { state } = readStat(`/proc/${pid}`)
  return state === 'T' || state === 't'
}

function stopOnce<T>(pid: number, tid: number, copy: (registers: RawSyscall) => T): Stopped<T> | null {
  assertStoppable(pid)
  if (isStopped(pid)) return null
  let pausedMs = 0
  const priority = getPriority()
  try {
    raisePriority()
    const startedMs = performance.now()
    signal(pid, 'SIGSTOP')
    try {
      const registers = waitUntilStill(pid, tid)
      if (registers === null) return null
      const value = copy(registers)
      signal(pid, 'SIGCONT')
      pausedMs = performance.now() - startedMs
      return { value, pausedMs }
    } finally {
      // Also when the copy failed; a second SIGCONT to a process that runs changes nothing.
      if (pausedMs === 0) signal(pid, 'SIGCONT')
    }
  } finally {
    restorePriority(priority)
  }
}

/** On a busy machine most of a pause is waiting for our own turn. Only the privileged may do that: the rest wait. */
function raisePriority(): void {
  try {
    setPriority(constants.priority.PRIORITY_HIGHEST)
  } catch {
    // EACCES: the pause is then as long as the machine is busy.
  }
}

/** The walk that follows must not keep the continued process from its CPU. */
function restorePriority(priority: number): void {
  if (getPriority() !== priority) setPriority(priority)
}

function startGuard(pid: number): ChildProcess {
  const { spawn } = process.getBuiltinModule('node:child_process')
  const guard = spawn('/bin/sh', ['-c', GUARD, 'stall-guard', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: {},
  })
  guard.on('error', () => undefined)
  guard.stdin?.on('error', () => undefined)
  guard.unref()
  if (guard.pid === undefined) {
    throw new StallError('ERR_STALL_CAPTURE_FAILED', 'no /bin/sh here to guard a stopped process: it is not stopped')
  }
  return guard
}

/** The registers of a thread once it stands still; null when it does not in time. */
export function waitUntilStill(pid: number, tid: number): RawSyscall | null {
  const deadline = performance.now() + STOP_DEADLINE_MS
  for (let looks = 0; performance.now() < deadline; looks++) {
    const raw = readRawSyscall(`/proc/${pid}`, tid)
    if (raw?.kind === 'blocked') return raw
    // On a busy machine it waits for a CPU to stop on, which may be ours.
    if (looks >= SPINS) Atomics.wait(NOTHING, 0, 0, WAIT_MS)
  }
  return null
}

function signal(pid: number, name: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, name)
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (code === 'EPERM') {
      throw new StallError('ERR_STALL_PERMISSION', `process ${pid} can't be stopped by this user`, {
        help: 'run as its user, or without --stop',
        cause,
      })
    }
    throw new StallError('ERR_STALL_NO_SUCH_PROCESS', `process ${pid} has ended`, { cause })
  }
}
