/** The Node processes of a machine, as far as one may see them. */
import type { LoopState } from './loop.js'
import type { ThreadState } from './thread.js'

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
  /** After redaction. The title, where the process set one. */
  readonly command: readonly string[]
  readonly singleExecutable: boolean
  /** Of a package manager (npm, yarn, pnpm): the program that it started. Absent: it is none, or there is none. */
  readonly startedPid?: number
}

export interface ProcessList {
  readonly processes: readonly NodeProcess[]
  /** Processes whose binary the kernel does not show us: there may be Node among them. */
  readonly hidden: number
  /** What would let them be seen, half a sentence; absent when nothing is hidden. */
  readonly wayPast?: string
}
