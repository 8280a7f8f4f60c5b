/** The Node processes that one may see, for `ps`: nothing is executed, read from memory or waited for. */
import { StallError } from '../model/stall-error.js'
import type { ThreadState } from '../model/thread.js'
import { readCommandLine } from '../platform/procfs/process.js'
import { listNumbers, tryReadLink } from '../platform/procfs/read.js'
import { isKernelThread, type ProcStat, readStat } from '../platform/procfs/stat.js'
import { readWchan } from '../platform/procfs/threads.js'
import { recognizeRuntime, type Runtime } from '../platform/runtime/recognize.js'

export interface NodeProcess {
  readonly pid: number
  readonly parentPid: number
  readonly node: string | null
  readonly agent: boolean
  readonly state: ThreadState
  /** The kernel function that the main thread sleeps in. */
  readonly wchan: string | null
  /** Unredacted. The title, where the process set one. */
  readonly command: readonly string[]
  readonly singleExecutable: boolean
}

export interface ProcessList {
  readonly processes: readonly NodeProcess[]
  /** Processes whose binary the kernel does not show us: there may be Node among them. */
  readonly hidden: number
}

/** @param hasAgent whether the agent answers in a process, by its pid */
export function listNodeProcesses(hasAgent: (pid: number) => boolean): ProcessList {
  const processes: NodeProcess[] = []
  let hidden = 0
  for (const pid of listNumbers('/proc')) {
    if (pid === process.pid) continue
    const root = `/proc/${pid}`
    try {
      const stat = readStat(root)
      if (isKernelThread(stat) || stat.state === 'Z') continue
      const runtime = runtimeOf(root)
      if (runtime === null) hidden++
      else if (runtime.kind === 'node') processes.push(describe(pid, root, stat, runtime, hasAgent(pid)))
    } catch (thrown) {
      // Ended while the list was made; anything else is worth knowing.
      if (!(thrown instanceof StallError && thrown.code === 'ERR_STALL_NO_SUCH_PROCESS')) throw thrown
    }
  }
  return { processes, hidden }
}

/** Null where the kernel does not show the binary. */
function runtimeOf(root: string): Runtime | null {
  if (tryReadLink(`${root}/exe`) === null) return null
  try {
    return recognizeRuntime(root)
  } catch (thrown) {
    if (thrown instanceof StallError && thrown.code === 'ERR_STALL_PERMISSION') return null
    throw thrown
  }
}

function describe(
  pid: number,
  root: string,
  stat: ProcStat,
  runtime: Extract<Runtime, { kind: 'node' }>,
  agent: boolean,
): NodeProcess {
  const wchan = readWchan(root)
  return {
    pid,
    parentPid: stat.parentPid,
    node: runtime.version,
    agent,
    state: stateOf(stat.state, wchan),
    wchan,
    command: readCommandLine(root),
    singleExecutable: runtime.singleExecutable,
  }
}

/** A process asleep in epoll is called idle here: without its memory nobody can tell a child's loop from its own. */
function stateOf(kernelState: string, wchan: string | null): ThreadState {
  if (kernelState === 'R') return 'running'
  if (kernelState === 'D') return 'disk'
  if (kernelState === 'T' || kernelState === 't') return 'stopped'
  return wchan !== null && /poll/.test(wchan) ? 'idle' : 'sleeping'
}
