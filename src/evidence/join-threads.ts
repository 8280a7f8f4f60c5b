/** One list of threads out of the stacks that an engine read and the states that the kernel tells. */
import type { KernelState } from '../model/kernel.js'
import { threadState, type KernelThread, type ThreadStack } from '../model/thread.js'

/**
 * Stacks get the kernel's syscall and wait channel where they lack their own; threads without a stack are listed with
 * engine `kernel` and no frames. Null when neither was captured. Main thread first, then by tid.
 */
export function joinThreads(
  stacks: readonly ThreadStack[] | null,
  kernel: KernelState | null,
): readonly ThreadStack[] | null {
  if (stacks === null && kernel === null) return null
  const ofKernel = new Map((kernel?.threads ?? []).map((thread) => [thread.tid, thread]))
  const joined = (stacks ?? []).map((stack) => withKernel(stack, ofKernel.get(stack.tid)))
  const known = new Set(joined.map((stack) => stack.tid))
  for (const thread of ofKernel.values()) if (!known.has(thread.tid)) joined.push(kernelOnly(thread))
  return joined.map(named).sort((a, b) => rank(a) - rank(b) || a.tid - b.tid)
}

/** The kernel calls the main thread by the name of the program, which is `node` for most threads there are. */
function named(thread: ThreadStack): ThreadStack {
  return thread.role === 'main' ? { ...thread, name: 'main' } : thread
}

function rank(stack: ThreadStack): number {
  return stack.role === 'main' ? 0 : stack.role === 'worker' ? 1 : 2
}

function withKernel(stack: ThreadStack, thread: KernelThread | undefined): ThreadStack {
  if (thread === undefined) return stack
  const stopped = threadState(thread.kernelState) === 'stopped'
  return {
    ...stack,
    name: stack.name === '' ? thread.name : stack.name,
    role: stack.role === 'unknown' ? thread.role : stack.role,
    state: stopped ? 'stopped' : stack.state,
    syscall: stack.syscall ?? thread.syscall,
    wchan: stack.wchan ?? thread.wchan,
  }
}

function kernelOnly(thread: KernelThread): ThreadStack {
  return {
    tid: thread.tid,
    name: thread.name,
    role: thread.role,
    state: threadState(thread.kernelState),
    engine: 'kernel',
    frames: [],
    syscall: thread.syscall,
    wchan: thread.wchan,
  }
}
