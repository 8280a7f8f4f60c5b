/**
 * Whether a pid can be looked at, asked before anything is attached: it exists, it is no kernel thread, it is Node, we
 * may see it. One clear refusal each, and nothing executed.
 */
import { StallError } from '../model/stall-error.js'
import type { Target } from '../model/target.js'
import { createRedactor } from '../redact/redactor.js'
import { procRootOf, readExecutable } from '../platform/procfs/process.js'
import { isKernelThread, readStat } from '../platform/procfs/stat.js'
import { readStatus } from '../platform/procfs/status.js'
import { type NodeRuntime, recognizeRuntime, type Runtime } from '../platform/runtime/recognize.js'
import { nodeChildHint } from './node-children.js'
import { wayPast } from './own-capabilities.js'

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
  // A thread's number names its process in /proc too: what is read then would be taken for the main thread's.
  const { processId } = readStatus(root)
  if (processId !== pid) {
    throw new StallError('ERR_STALL_NO_SUCH_PROCESS', `${pid} is a thread of process ${processId}, and no process`, {
      help: `Name the process: conductor-diag dump ${processId} shows its threads.`,
    })
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
  return new StallError('ERR_STALL_PERMISSION', `process ${pid} may not be looked at: ${whose}`, {
    help: `${sentence(wayPast())}. A worker with the agent inside answers its own user without any of this. All ways: conductor-diag doctor ${pid}`,
  })
}

function sentence(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

const NAMES = { bun: 'Bun', deno: 'Deno', electron: 'Electron' } as const

function refusal(root: string, pid: number, kind: Exclude<Runtime['kind'], 'node'>): StallError {
  if (kind === 'other') {
    const child = nodeChildHint(root, pid, (argv) => createRedactor().argv(argv).join(' '))
    return notNode(pid, `it runs ${readExecutable(root)?.path ?? 'an unknown binary'}`, child)
  }
  return new StallError(
    'ERR_STALL_UNSUPPORTED_RUNTIME',
    `process ${pid} is ${NAMES[kind]}, which this tool can't read`,
    {
      help: 'It reads Node.js 20, 22, 24 and 26.',
    },
  )
}

function notNode(pid: number, why: string, child: string | null = null): StallError {
  return new StallError('ERR_STALL_NOT_NODE', `process ${pid} is not Node.js: ${why}`, {
    help: child ?? 'conductor-diag ps lists the Node processes that are there.',
  })
}
