/** Looks at all threads of a process that is stopped for the copy of their stacks alone: what they are in is exact. */
import type { MemoryTarget } from './memory-target.js'
import type { IsolateOfThread } from './match-threads.js'
import { readThread } from './read-thread.js'
import { openStopper, waitUntilStill } from './stopped-target.js'
import { copyStack } from '../platform/memory/stack-window.js'
import type { StackWindow } from '../platform/memory/stack-window.js'
import type { RawSyscall } from '../platform/procfs/syscall.js'
import type { IsolateMoment } from '../v8/heap/isolates.js'
import { readMoment } from '../v8/heap/isolates.js'
import type { StackReading } from '../v8/stack/stack-reading.js'
import type { StackReader } from '../v8/stack/thread-stack.js'

export interface StoppedLooks {
  /** The stacks of the threads, in their order; where the process could not be stopped, looks without. */
  take(threads: readonly IsolateOfThread[]): readonly StackReading[]
  /** How long it was stopped so far, ms. */
  readonly pausedMs: number
  dispose(): void
}

interface Copied {
  readonly registers: RawSyscall
  readonly moment: IsolateMoment
  readonly window: StackWindow
}

/** @throws StallError as `openStopper` */
export function openStoppedLooks(opened: MemoryTarget, reader: StackReader, pid: number): StoppedLooks {
  const stopper = openStopper(pid)
  let pausedMs = 0
  const copyOf = ({ isolate }: IsolateOfThread, registers: RawSyscall | null): Copied | null => {
    if (registers?.kind !== 'blocked') return null
    const moment = readMoment(opened.heap, isolate.address)
    const window = copyStack(opened.memory, registers.sp)
    return moment && window ? { registers, moment, window } : null
  }
  return {
    take(threads) {
      const [first] = threads
      reader.nextLook(threads.map(({ isolate }) => isolate.address))
      // Mappings are read before, so that nothing but the copy itself happens during the stop.
      opened.memory.mappings()
      const stopped = stopper.whileStopped(first?.tid ?? pid, (registers) =>
        threads.map((thread, index) => copyOf(thread, index === 0 ? registers : waitUntilStill(pid, thread.tid))),
      )
      pausedMs += stopped?.pausedMs ?? 0
      return threads.map((thread, index) => {
        const copied = stopped?.value[index]
        if (!copied) return readThread(reader, opened.root, thread)
        // Objects that the copy points at can move once the target goes on: then this turn is lost.
        return reader.readCopy(copied.window, copied.moment, copied.registers) ?? TORN
      })
    },
    get pausedMs() {
      return pausedMs
    },
    dispose: () => stopper.dispose(),
  }
}

const TORN: StackReading = {
  kind: 'torn',
  frames: [],
  spans: [],
  vmState: null,
  exitFrame: 0,
  attempts: 1,
  note: 'what its stack pointed at moved before it was read',
}
