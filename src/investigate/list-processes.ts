/** The Node processes that one may see, for `ps`: nothing is executed, paused or waited for. */
import type { LoopState } from '../model/loop.js'
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
  /** The main event loop, where its memory may be read: a loop that does not turn shows without any agent. */
  readonly loop: LoopState | null
  /** Unredacted. The title, where the process set one. */
  readonly command: readonly string[]
  readonly singleExecutable: boolean
}

export interface ProcessList {
  readonly processes: readonly NodeProcess[]
  /** Processes whose binary the kernel does not show us: there may be Node among them. */
  readonly hidden: number
}

/**
 * @param hasAgent whether the agent answers in a process, by its pid
 * @param loopOf its main event loop, null where that can't be had
 */
export function listNodeProcesses(
  hasAgent: (pid: number) => boolean,
  loopOf: (pid: number) => LoopState | null,
): ProcessList {
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
      else if (runtime.kind === 'node') processes.push(describe(root, stat, runtime, hasAgent(pid), loopOf(pid)))
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
  root: string,
  stat: ProcStat,
  runtime: Extract<Runtime, { kind: 'node' }>,
  agent: boolean,
  loop: LoopState | null,
): NodeProcess {
  const wchan = readWchan(root)
  return {
    pid: stat.pid,
    parentPid: stat.parentPid,
    node: runtime.version,
    agent,
    state: stateOf(stat.state, wchan, loop),
    loop,
    wchan,
    command: readCommandLine(root),
    singleExecutable: runtime.singleExecutable,
  }
}

/** Asleep in epoll is idle only in the loop's own poll: `spawnSync` polls, too. Without its memory nobody can tell. */
function stateOf(kernelState: string, wchan: string | null, loop: LoopState | null): ThreadState {
  if (kernelState === 'R') return 'running'
  if (kernelState === 'D') return 'disk'
  if (kernelState === 'T' || kernelState === 't') return 'stopped'
  return wchan !== null && /poll/.test(wchan) && loop?.polling !== false ? 'idle' : 'sleeping'
}
