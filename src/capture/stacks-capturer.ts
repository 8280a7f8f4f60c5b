/**
 * `stacks`: the JavaScript stack of the main thread and of every worker thread, read from memory. No pause, no code
 * run in the target, no signal. Synchronous: it keeps the deadline itself.
 */
import type { LoopState } from '../model/loop.js'
import type { CaptureOutcome } from '../model/outcome.js'
import { toStallError } from '../model/stall-error.js'
import type { Target } from '../model/target.js'
import type { ThreadStack, ThreadState } from '../model/thread.js'
import { findLoops, mainLoop } from '../native/loop/find-loops.js'
import { readLoop } from '../native/loop/read-loop.js'
import { tryReadProcText } from '../platform/procfs/read.js'
import { parseStat } from '../platform/procfs/stat.js'
import { readRawSyscall } from '../platform/procfs/syscall.js'
import type { RawSyscall } from '../platform/procfs/syscall.js'
import { syscallName } from '../platform/procfs/syscall-names.js'
import { ownThreadId } from '../platform/procfs/threads.js'
import { StackReader } from '../v8/stack/thread-stack.js'
import type { StackLook } from '../v8/stack/thread-stack.js'
import type { CaptureRequest, Capturer } from './capturer.js'
import { memoryCapability, openMemoryTarget } from './memory-target.js'
import type { IsolateOfThread, MemoryTarget } from './memory-target.js'

export const stacksCapturer: Capturer<readonly ThreadStack[]> = {
  name: 'stacks',
  supports: (target: Target) => memoryCapability(target),
  capture(request): Promise<CaptureOutcome<readonly ThreadStack[]>> {
    const startedMs = performance.now()
    try {
      const evidence = captureStacks(request)
      return Promise.resolve({ status: 'captured', evidence, tookMs: performance.now() - startedMs, pausedMs: 0 })
    } catch (thrown) {
      return Promise.resolve({ status: 'unavailable', error: toStallError(thrown, 'ERR_STALL_CAPTURE_FAILED') })
    }
  },
}

function captureStacks(request: CaptureRequest): readonly ThreadStack[] {
  const target = openMemoryTarget(request.target)
  try {
    return readStacks(target, request)
  } finally {
    target.dispose()
  }
}

/** The stacks of all threads that run an isolate, the main thread first. Threads past the deadline are left out. */
export function readStacks(
  target: MemoryTarget,
  request: Pick<CaptureRequest, 'deadlineMs' | 'target'>,
): readonly ThreadStack[] {
  const reader = new StackReader(target.heap)
  const { matched, unmatched } = target.isolates()
  const ours = agentThreads(request.target)
  const loops = readLoops(target, matched.length > 1)
  const stacks: ThreadStack[] = []
  for (const thread of matched) {
    if (ours.has(thread.tid)) continue
    if (stacks.length > 0 && performance.now() > request.deadlineMs) break
    stacks.push(threadStack(target, reader, thread, loops.get(thread.tid)))
  }
  const [first, ...rest] = stacks
  if (unmatched === 0 || !first) return stacks
  const note = `${unmatched} more JavaScript threads could not be told apart: the binary is stripped`
  return [{ ...first, note: first.note === undefined ? note : `${first.note}; ${note}` }, ...rest]
}

/** The agent's own threads: they are no evidence. */
function agentThreads(target: Target): ReadonlySet<number> {
  const own = target.inside ? ownThreadId() : null
  return new Set([...(target.agentTids ?? []), ...(own === null ? [] : [own])])
}

function threadStack(
  target: MemoryTarget,
  reader: StackReader,
  { tid, isolate }: IsolateOfThread,
  loop: LoopState | undefined,
): ThreadStack {
  const look = reader.read(isolate.address, () => readRawSyscall(target.root, tid))
  const raw = readRawSyscall(target.root, tid)
  return {
    tid,
    name: '',
    role: tid === target.mainTid ? 'main' : 'worker',
    state: stateOf(target.root, tid, look, raw, loop),
    engine: 'memory',
    frames: look.frames,
    ...(loop ? { loop } : {}),
    ...(look.vmState === null ? {} : { vmState: look.vmState }),
    ...(look.note === null ? {} : { note: look.note }),
  }
}

function stateOf(
  root: string,
  tid: number,
  look: StackLook,
  raw: RawSyscall | null,
  loop: LoopState | undefined,
): ThreadState {
  const text = tryReadProcText(`${root}/task/${tid}/stat`, 4096)
  switch (text === null ? '' : parseStat(text).state) {
    case 'R':
      return 'running'
    case 'D':
      return 'disk'
    case 'T':
    case 't':
      return 'stopped'
    default: {
      if (look.kind !== 'none') return 'sleeping'
      const inPoll = raw?.kind === 'blocked' && syscallName(raw.number).startsWith('epoll_')
      return loop?.polling === true || inPoll ? 'idle' : 'sleeping'
    }
  }
}

/** By tid. Workers' loops lie on their own stacks: they are searched only when there are workers. */
function readLoops(target: MemoryTarget, workers: boolean): ReadonlyMap<number, LoopState> {
  const states = new Map<number, LoopState>()
  const native = target.native()
  if (!native) return states
  const main = workers ? null : mainLoop(native)
  const addresses = workers ? findLoops(native) : new Map(main === null ? [] : [[target.mainTid, main] as const])
  for (const [tid, address] of addresses) {
    const state = readLoop(native, address, tid)
    if (state) states.set(tid, state)
  }
  return states
}
