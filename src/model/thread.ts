/** What one thread of the target is doing, as JavaScript sees it and as the kernel sees it. */
import type { Frame } from './frame.js'
import type { LoopState } from './loop.js'
import type { Work } from './work.js'

/**
 * The state word shown to people. `idle`: an event loop parked in its poll phase with no JavaScript below it.
 * `sleeping`: blocked in a system call. `disk`: uninterruptible. `stopped`: by a signal, a debugger or the freezer.
 */
export type ThreadState = 'running' | 'sleeping' | 'disk' | 'stopped' | 'idle'

/** The kernel's letter of a thread's state (proc(5), stat) as the word shown to people; `idle` takes its event loop. */
export function threadState(letter: string): ThreadState {
  switch (letter[0]) {
    case 'R':
      return 'running'
    case 'D':
      return 'disk'
    case 'T':
    case 't':
      return 'stopped'
    default:
      return 'sleeping'
  }
}

export type ThreadRole =
  | 'main'
  | 'worker' // worker_threads
  | 'pool' // libuv's thread pool
  | 'v8-platform'
  | 'v8-delayed'
  | 'signal-inspector' // node's SIGUSR1 watchdog
  | 'inspector-io'
  | 'agent' // ours
  | 'library' // started by code in a shared object: `library` says which
  | 'unknown'

/** A decoded system call: `args` are readable (`fd 21 (pipe:[123])`), `number` is raw. */
export interface Syscall {
  readonly name: string
  readonly number: number
  readonly args: readonly string[]
  /** The file descriptor it works on, when it has one. */
  readonly fd?: number
  /** What that descriptor leads to: path, `pipe:[inode]`, `socket:[inode]`. */
  readonly target?: string
}

/** Counters since the thread's start; differences between looks say what it did meanwhile. */
export interface ThreadCounters {
  readonly userMs: number
  readonly systemMs: number
  /** Time on CPU and waiting in the run queue (schedstat), ms; null where the kernel has none. */
  readonly onCpuMs: number | null
  readonly runQueueWaitMs: number | null
  readonly majorFaults: number
  readonly voluntarySwitches: number | null
  readonly involuntarySwitches: number | null
}

export interface KernelThread {
  readonly tid: number
  readonly name: string
  /** The kernel's letter: R S D T t Z X I. */
  readonly kernelState: string
  readonly wchan: string | null
  readonly syscall: Syscall | 'running' | null
  readonly counters: ThreadCounters
  readonly role: ThreadRole
  /** For role `library`: path of the shared object its start routine lies in. */
  readonly library?: string
}

export type StackEngine = 'memory' | 'inspector' | 'kernel'

export interface ThreadStack {
  readonly tid: number
  readonly name: string
  readonly role: ThreadRole
  /** For role `library`: path of the shared object its start routine lies in. */
  readonly library?: string
  readonly state: ThreadState
  readonly engine: StackEngine
  /** Innermost first. Empty and `idle`: no JavaScript on the stack. */
  readonly frames: readonly Frame[]
  /** The one native function that the innermost JavaScript frame called (`CryptoJob::Run`, an addon's path). */
  readonly nativeCallee?: string
  /** C++ frames merged between the JavaScript ones were asked for and had. */
  readonly withNative?: boolean
  readonly syscall?: Syscall | 'running' | null
  readonly wchan?: string | null
  /** The thread's event loop, where it has one and it could be read. */
  readonly loop?: LoopState
  /** Whose work its JavaScript does, as its AsyncLocalStorage stores say; absent when nothing says so. */
  readonly work?: Work
  /** V8's own word for what the isolate does: JS, GC, EXTERNAL, IDLE, ... */
  readonly vmState?: string
  /** Why frames are missing or doubtful, one sentence. */
  readonly note?: string
}
