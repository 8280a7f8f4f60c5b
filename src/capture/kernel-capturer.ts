/**
 * `kernel`: the first rung. What the kernel tells of the target with no pause and no JavaScript: thread states and
 * what they sleep in, children, descriptors, memory, faults.
 */
import type { KernelLook } from '../model/kernel.js'
import type { CaptureOutcome } from '../model/outcome.js'
import type { OpenFile } from '../model/socket.js'
import { StallError, toStallError } from '../model/stall-error.js'
import type { Target } from '../model/target.js'
import type { KernelThread } from '../model/thread.js'
import { readChildren } from '../platform/procfs/children.js'
import { listDescriptors } from '../platform/procfs/descriptors.js'
import { readLoadAverage, readNameservers } from '../platform/procfs/process.js'
import { readStat } from '../platform/procfs/stat.js'
import { readStatus } from '../platform/procfs/status.js'
import { ownThreadId, readThreads } from '../platform/procfs/threads.js'
import type { Capability, Capturer } from './capturer.js'

const MAX_FILES = 1024

export const kernelCapturer: Capturer<KernelLook> = {
  name: 'kernel',
  supports(target: Target): Capability {
    return target.procRoot === null ? { no: 'there is no /proc on this platform' } : 'yes'
  },
  capture(request): Promise<CaptureOutcome<KernelLook>> {
    const startedMs = performance.now()
    try {
      const evidence = lookAtKernel(request.target)
      return Promise.resolve({ status: 'captured', evidence, tookMs: performance.now() - startedMs, pausedMs: 0 })
    } catch (thrown) {
      return Promise.resolve({ status: 'unavailable', error: toStallError(thrown, 'ERR_STALL_CAPTURE_FAILED') })
    }
  },
}

/**
 * One look. In the order of what can wait: stat, status and wchan first, then what takes the target's locks.
 * @throws StallError ERR_STALL_NO_SUCH_PROCESS, ERR_STALL_PROCESS_CHANGED (another process has the pid now)
 */
export function lookAtKernel(target: Target): KernelLook {
  const root = target.procRoot
  if (root === null) throw new StallError('ERR_STALL_UNSUPPORTED_PLATFORM', 'there is no /proc on this platform')
  const stat = readStat(root)
  if (target.startTicks !== null && stat.startTicks !== target.startTicks) {
    throw new StallError('ERR_STALL_PROCESS_CHANGED', `process ${target.pid} ended, and another one has its pid now`)
  }
  const status = readStatus(root)
  const own = target.inside ? ownThreadId() : null
  const threads = readThreads(root).map((thread) => withAgentRole(thread, target, own))
  return {
    takenAtMs: performance.now(),
    processState: stat.state,
    tracerPid: status.tracerPid,
    threads,
    residentBytes: status.residentBytes,
    swappedBytes: status.swappedBytes,
    majorFaults: stat.majorFaults,
    loadAverage: readLoadAverage(),
    children: readChildren(root, stat.pid),
    files: readFiles(root),
    sockets: [],
    cgroup: null,
    nameservers: readNameservers(root),
  }
}

function withAgentRole(thread: KernelThread, target: Target, own: number | null): KernelThread {
  const ours = thread.tid === own || (target.agentTids?.includes(thread.tid) ?? false)
  return ours ? { ...thread, role: 'agent' } : thread
}

/** Descriptors that are not sockets. Empty where the kernel refuses the folder: another user's process. */
function readFiles(root: string): OpenFile[] {
  try {
    return listDescriptors(root, MAX_FILES).filter(({ target }) => !target.startsWith('socket:'))
  } catch {
    // Threads and their states are still evidence; the missing list says nothing about descriptors being refused
    // because the syscall column of each thread, refused by the same rule, does.
    return []
  }
}
