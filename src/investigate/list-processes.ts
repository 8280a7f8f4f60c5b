/** The Node processes that one may see, for `ps`: nothing is executed, paused or waited for. */
import type { LoopState } from '../model/loop.js'
import type { NodeProcess, ProcessList } from '../model/process-list.js'
import { StallError } from '../model/stall-error.js'
import { threadState, type ThreadState } from '../model/thread.js'
import { mainLoopState } from '../native/main-loop-state.js'
import { hasControlSocket } from '../platform/control/socket-place.js'
import { readCommandLine } from '../platform/procfs/process.js'
import { listNumbers, tryReadLink } from '../platform/procfs/read.js'
import { isKernelThread, type ProcStat, readStat } from '../platform/procfs/stat.js'
import { readWchan } from '../platform/procfs/threads.js'
import { recognizeRuntime, type Runtime } from '../platform/runtime/recognize.js'
import { createRedactor } from '../redact/redactor.js'
import { isPackageManager, nodeChildren } from './node-children.js'
import { wayPast } from './own-capabilities.js'

/** 2 ms a process where the binary is known; a list of many unknown ones must not take for ever. */
const LOOPS_AT_MOST_MS = 3000

/** All that one may see but this process, by pid. What ends while the list is made is left out. */
export function listNodeProcesses(): ProcessList {
  const untilMs = performance.now() + LOOPS_AT_MOST_MS
  const redactor = createRedactor()
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
      else if (runtime.kind === 'node') {
        const loop = performance.now() < untilMs ? loopOf(pid) : null
        const { command, ...rest } = describe(root, stat, runtime, hasControlSocket(pid), loop)
        processes.push({ ...rest, command: redactor.argv(command), ...startedBy(root, pid, command) })
      }
    } catch (thrown) {
      // Ended while the list was made; anything else is worth knowing.
      if (!(thrown instanceof StallError && thrown.code === 'ERR_STALL_NO_SUCH_PROCESS')) throw thrown
    }
  }
  return { processes, hidden, ...(hidden === 0 ? {} : { wayPast: wayPast() }) }
}

/** `npm start` is a Node process, too: the one to look at is what it started. */
function startedBy(root: string, pid: number, command: readonly string[]): Pick<NodeProcess, 'startedPid'> {
  const [child] = isPackageManager(command) ? nodeChildren(root, pid, () => '') : []
  return child === undefined ? {} : { startedPid: child.pid }
}

function loopOf(pid: number): LoopState | null {
  const answer = mainLoopState(pid)
  // Another user's process, or one that ends: the list shows the rest of it.
  return 'loop' in answer ? answer.loop : null
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
  const state = threadState(kernelState)
  if (state !== 'sleeping') return state
  return wchan !== null && /poll/.test(wchan) && loop?.polling !== false ? 'idle' : 'sleeping'
}
