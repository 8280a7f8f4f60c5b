/**
 * Whether a pid can be looked at, asked before anything is attached: it exists, it is no kernel thread, it is Node, we
 * may see it. One clear refusal each, and nothing executed.
 */
import { StallError } from '../model/stall-error.js'
import type { Target } from '../model/target.js'
import { procRootOf, readExecutable } from '../platform/procfs/process.js'
import { isKernelThread, readStat } from '../platform/procfs/stat.js'
import { readStatus } from '../platform/procfs/status.js'
import { type NodeRuntime, recognizeRuntime, type Runtime } from '../platform/runtime/recognize.js'

export interface TargetProcess {
  readonly target: Target
  readonly runtime: NodeRuntime
}

/** @throws StallError ERR_STALL_NO_SUCH_PROCESS, ERR_STALL_NOT_NODE, ERR_STALL_UNSUPPORTED_RUNTIME, ERR_STALL_PERMISSION */
export function openTarget(pid: number): TargetProcess {
  if (process.platform !== 'linux') {
    throw new StallError(
      'ERR_STALL_UNSUPPORTED_PLATFORM',
      `reading another process is built for Linux, this is ${process.platform}`,
      {
        help: 'Preload the agent into the worker instead: node --require conductor-stall-agent worker.js',
      },
    )
  }
  const root = procRootOf(pid)
  const stat = statOf(root, pid)
  if (isKernelThread(stat)) throw notNode(pid, `${stat.name} is a thread of the kernel`)
  if (stat.state === 'Z' || stat.state === 'X') {
    throw new StallError(
      'ERR_STALL_NO_SUCH_PROCESS',
      `process ${pid} (${stat.name}) has ended; its parent ${stat.parentPid} has not collected it yet`,
      {
        help: `Nothing of it is left to look at. What its parent does: conductor-diag dump ${stat.parentPid}, if that is Node.`,
      },
    )
  }
  const runtime = runtimeOf(root, pid)
  if (runtime.kind !== 'node') throw refusal(root, pid, runtime.kind)
  return { target: { pid, startTicks: stat.startTicks, procRoot: root, inside: false }, runtime }
}

function statOf(root: string, pid: number): ReturnType<typeof readStat> {
  try {
    return readStat(root)
  } catch (thrown) {
    if (thrown instanceof StallError && thrown.code === 'ERR_STALL_NO_SUCH_PROCESS') {
      throw new StallError('ERR_STALL_NO_SUCH_PROCESS', `there is no process ${pid}`, {
        help: 'conductor-diag ps lists the Node processes that are there.',
        cause: thrown,
      })
    }
    throw thrown
  }
}

function runtimeOf(root: string, pid: number): Runtime {
  try {
    return recognizeRuntime(root)
  } catch (thrown) {
    if (thrown instanceof StallError && thrown.code === 'ERR_STALL_PERMISSION') throw notAllowed(root, pid)
    throw thrown
  }
}

function notAllowed(root: string, pid: number): StallError {
  const { uid } = readStatus(root)
  const whose =
    uid === process.getuid?.() ? 'it runs with more privileges than this command' : `it belongs to uid ${uid}`
  // Root is refused where a capability is missing, as in a container: sudo would change nothing.
  const how =
    process.geteuid?.() === 0 ? 'It needs CAP_SYS_PTRACE' : 'Run it with sudo; in a container it needs CAP_SYS_PTRACE'
  return new StallError('ERR_STALL_PERMISSION', `process ${pid} may not be looked at: ${whose}`, {
    help: `${how}. A worker with the agent inside needs no permission: conductor-diag doctor ${pid}`,
  })
}

const NAMES = { bun: 'Bun', deno: 'Deno', electron: 'Electron' } as const

function refusal(root: string, pid: number, kind: Exclude<Runtime['kind'], 'node'>): StallError {
  if (kind === 'other') return notNode(pid, `it runs ${readExecutable(root)?.path ?? 'an unknown binary'}`)
  return new StallError(
    'ERR_STALL_UNSUPPORTED_RUNTIME',
    `process ${pid} is ${NAMES[kind]}, which this tool can't read`,
    {
      help: 'It reads Node.js 20, 22, 24 and 26.',
    },
  )
}

function notNode(pid: number, why: string): StallError {
  return new StallError('ERR_STALL_NOT_NODE', `process ${pid} is not Node.js: ${why}`, {
    help: 'conductor-diag ps lists the Node processes that are there.',
  })
}
