/**
 * `kernel`: the first step. What the kernel tells of the target with no pause and no JavaScript: thread states and
 * what they sleep in, children, descriptors, memory, faults.
 */
import { monotonicMs } from '../heartbeat/clock-reader.js'
import type { KernelState } from '../model/kernel.js'
import type { OpenFile, SocketState } from '../model/socket.js'
import { StallError, toStallError } from '../model/stall-error.js'
import type { Target } from '../model/target.js'
import type { KernelThread, Syscall } from '../model/thread.js'
import { readChildren } from '../platform/procfs/children.js'
import { type Descriptor, listDescriptors } from '../platform/procfs/descriptors.js'
import { readCgroup } from '../platform/procfs/cgroup.js'
import { findPipeHolders } from '../platform/procfs/pipes.js'
import { readLoadAverage, readPressure } from '../platform/procfs/pressure.js'
import { readNameservers } from '../platform/procfs/resolv.js'
import { readSockets } from '../platform/procfs/sockets.js'
import { readStat } from '../platform/procfs/stat.js'
import { readStatus } from '../platform/procfs/status.js'
import { ownThreadId } from '../platform/procfs/own-thread.js'
import { readSyscall } from '../platform/procfs/syscall.js'
import { readThreads } from '../platform/procfs/threads.js'
import { openTcpInfo, type TcpInfo, withTcpTimes } from '../platform/tcp-info.js'
import { eachText } from '../redact/each-text.js'
import type { Redactor } from '../redact/redactor.js'
import type { Capability } from './capability.js'
import type { Capturer } from './capturer.js'

const MAX_DESCRIPTORS = 8192
const MAX_FILES = 1024
/** Each goes over the descriptors of every process, for 50 ms at most. */
const MAX_PIPE_SEARCHES = 2

export const kernelCapturer: Capturer<KernelState> = {
  name: 'kernel',
  supports(target: Target): Capability {
    return target.procRoot === null ? { no: 'there is no /proc on this platform' } : 'yes'
  },
  capture: ({ target, options }) => withoutSecrets(readKernelState(target, options.redactor), options.redactor),
}

/**
 * In the order of what can wait: stat, status and wchan first, then what takes the target's locks.
 * @throws StallError ERR_STALL_NO_SUCH_PROCESS, ERR_STALL_PROCESS_CHANGED (another process has the pid now)
 */
export function readKernelState(target: Target, redactor: Redactor): KernelState {
  const root = target.procRoot
  if (root === null) throw new StallError('ERR_STALL_UNSUPPORTED_PLATFORM', 'there is no /proc on this platform')
  const stat = readStat(root)
  if (target.startTicks !== null && stat.startTicks !== target.startTicks) {
    throw new StallError('ERR_STALL_PROCESS_CHANGED', `process ${target.pid} ended, and another one has its pid now`)
  }
  const status = readStatus(root)
  const own = target.inside ? ownThreadId() : null
  const threads = readThreads(root).map((thread) => withAgentRole(thread, target, own))
  const takenAtMs = monotonicMs()
  const descriptors = readDescriptors(root)
  return {
    takenAtMs,
    processState: stat.state,
    tracerPid: status.tracerPid,
    threads,
    residentBytes: status.residentBytes,
    swappedBytes: status.swappedBytes,
    majorFaults: stat.majorFaults,
    loadAverage: readLoadAverage(),
    children: readChildren(root, stat.pid, (argv) => redactor.argv(argv).join(' ')),
    files: filesOf(descriptors, stat.pid, threads, redactor),
    sockets: withTimes(readSockets(root, descriptors), target, threads),
    cgroup: readCgroup(root),
    nameservers: readNameservers(root),
    pressure: readPressure(),
  }
}

/**
 * A path is text of whoever named it: of files, of what a thread or a child is blocked on, of sockets. Command lines are
 * clean by then, argument by argument.
 */
function withoutSecrets(state: KernelState, redactor: Redactor): KernelState {
  const clean = <T>(value: T): T => eachText(value, (text) => (text.includes('/') ? redactor.text(text) : text))
  return {
    ...state,
    threads: clean(state.threads),
    children: clean(state.children),
    files: clean(state.files),
    sockets: state.sockets.map((socket) => (socket.family === 'unix' ? clean(socket) : socket)),
  }
}

function withAgentRole(thread: KernelThread, target: Target, own: number | null): KernelThread {
  const ours = thread.tid === own || (target.agentTids?.includes(thread.tid) ?? false)
  return ours ? { ...thread, role: 'agent' } : thread
}

/** Empty where the kernel refuses the folder: another user's process, whose states are evidence all the same. */
function readDescriptors(root: string): Descriptor[] {
  try {
    return listDescriptors(root, MAX_DESCRIPTORS)
  } catch (thrown) {
    if (toStallError(thrown).code === 'ERR_STALL_PERMISSION') return []
    throw thrown
  }
}

let tcpInfo: TcpInfo | null | undefined
const MAX_EVENTS_MS = 200
const STEP_MS = 4

/**
 * When data last came: how old a wait is. Opened with the first connection that there is to ask about, and inside only
 * while the main thread waits for events: loading a library hangs while that thread is loading one that hangs.
 */
function withTimes(
  sockets: readonly SocketState[],
  target: Target,
  threads: readonly KernelThread[],
): readonly SocketState[] {
  if (!sockets.some((socket) => socket.family.startsWith('tcp') && socket.state !== 'LISTEN')) return sockets
  if (target.inside && !comesToItsEvents(target, threads)) return sockets
  tcpInfo ??= openTcpInfo()
  return tcpInfo === null ? sockets : withTcpTimes(sockets, target.pid, target.inside, tcpInfo)
}

/** Whether the main thread waits for events, or, while it runs, does so within a moment: on a crowded machine it is late. */
function comesToItsEvents(target: Target, threads: readonly KernelThread[]): boolean {
  const still = new Int32Array(new SharedArrayBuffer(4))
  let call = threads.find((thread) => thread.role === 'main')?.syscall ?? null
  for (let ms = 0; call === 'running' && ms < MAX_EVENTS_MS; ms += STEP_MS) {
    Atomics.wait(still, 0, 0, STEP_MS)
    call = readSyscall(target.procRoot ?? `/proc/${target.pid}`, target.pid)
  }
  return call !== null && call !== 'running' && call.name.startsWith('epoll')
}

/** What is no socket; for those that a thread is blocked on, who holds the other end of a pipe or FIFO. */
function filesOf(
  descriptors: readonly Descriptor[],
  pid: number,
  threads: readonly KernelThread[],
  redactor: Redactor,
): OpenFile[] {
  const blockedOn = new Set(threads.flatMap(({ syscall }) => (isTransfer(syscall) ? [syscall.fd] : [])))
  let searches = 0
  return descriptors
    .filter(({ target }) => !target.startsWith('socket:'))
    .slice(0, MAX_FILES)
    .map(({ fd, target }) => {
      const file: OpenFile = { fd, target }
      const isPipe = target.startsWith('pipe:') || target.startsWith('/')
      if (!blockedOn.has(fd) || !isPipe || ++searches > MAX_PIPE_SEARCHES) return file
      const { holders } = findPipeHolders({ target, pid, fd })
      return holders.length === 0
        ? file
        : { ...file, otherEnd: holders.map((holder) => ({ ...holder, command: redactor.text(holder.command) })) }
    })
}

function isTransfer(syscall: KernelThread['syscall']): syscall is Syscall & { fd: number } {
  return syscall !== null && syscall !== 'running' && syscall.fd !== undefined && /read|write|splice/.test(syscall.name)
}
