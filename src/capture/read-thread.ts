/** One look at the stack of one thread: its isolate, its registers and the time it ran, out of the kernel. */
import { readRawSyscall } from '../platform/procfs/syscall.js'
import { readRanNs } from '../platform/procfs/threads.js'
import type { StackQuery, StackReading } from '../v8/stack/stack-reading.js'
import type { StackReader } from '../v8/stack/thread-stack.js'
import type { IsolateOfThread } from './match-threads.js'

/** @param root the process's folder in procfs */
export function readThread(
  reader: StackReader,
  root: string,
  { tid, isolate }: IsolateOfThread,
  query?: StackQuery,
): StackReading {
  return reader.read(
    isolate.address,
    { registers: () => readRawSyscall(root, tid), ranNs: () => readRanNs(root, tid) },
    query,
  )
}
