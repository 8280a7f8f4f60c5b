/**
 * Whether an inspector session holds a thread. Paused: it sleeps in a futex below the inspector's message loop, which
 * only runs while a debugger keeps JavaScript stopped. Attached: the inspector's own thread has a connection.
 * Sessions that the program opens on itself (node:inspector) leave no trace until they pause.
 */
import { readRawSyscall } from '../platform/procfs/syscall.js'
import { syscallName } from '../platform/procfs/syscall-names.js'
import type { CodeMap } from './process/code-map.js'
import { loopsOfThread } from './loop/find-loops.js'
import { readHandles } from './loop/loop-handles.js'
import type { NativeProcess } from './process/native-process.js'
import { blockedStack } from './stack/blocked-stack.js'
import { threadPurposes } from './thread/thread-roles.js'

export type DebuggerState = 'paused' | 'attached' | 'none'

/** src/inspector/main_thread_interface.cc, src/inspector_agent.cc (runMessageLoopOnPause, since 24 runMessageLoop). */
const PAUSED = /(^|::)(MainThreadInterface::WaitForFrontendEvent|NodeInspectorClient::runMessageLoop(OnPause)?)$/

/** @param exitFrame as `blockedStack` wants it. */
export function debuggerState(
  native: NativeProcess,
  code: CodeMap,
  tid: number,
  exitFrame: number | null,
): DebuggerState {
  // A thread that the debugger holds sleeps in a futex: nothing else is worth a walk.
  const raw = readRawSyscall(native.root, tid)
  const mayBePaused = raw?.kind === 'blocked' && syscallName(raw.number) === 'futex'
  if (exitFrame !== 0 && mayBePaused) {
    const stack = blockedStack(native, code, tid, exitFrame)
    const isPaused =
      'frames' in stack &&
      stack.frames.some(({ place }) => place?.kind === 'native' && PAUSED.test(place.function ?? ''))
    if (isPaused) return 'paused'
  }
  const io = threadPurposes(native, code).find((thread) => thread.role === 'inspector-io')
  const block = io && native.threads().byTid.get(io.tid)
  if (!block) return 'none'
  const connections = loopsOfThread(native, block)
    .flatMap((loop) => readHandles(native, loop))
    .filter((handle) => handle.type === 'tcp' && handle.active && handle.fd !== undefined)
  // One is the socket that listens.
  return connections.length > 1 ? 'attached' : 'none'
}
