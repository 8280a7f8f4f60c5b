/** What the kernel tells of the target, without any pause. */
import type { OpenFile, SocketState } from './socket.js'
import type { KernelThread } from './thread.js'

export interface ChildProcess {
  readonly pid: number
  readonly kernelState: string
  /** After redaction. */
  readonly command: string
  readonly ageMs: number
  readonly wchan: string | null
  /** The descriptor that its main thread is blocked writing to, and our own descriptors at the other end of it. */
  readonly writing?: { readonly fd: number; readonly ours: readonly number[] }
  /** The same of one that it is blocked reading from. */
  readonly reading?: { readonly fd: number; readonly ours: readonly number[] }
  /** The other ends of its TCP connections, open or being opened; of the first few children. */
  readonly connectedTo?: readonly string[]
}

export interface CgroupState {
  readonly version: 1 | 2
  readonly path: string
  /** CPU quota in CPUs; null without one. */
  readonly cpuQuota: number | null
  readonly periods: number
  readonly throttledPeriods: number
  readonly throttledMs: number
  readonly memoryLimitBytes: number | null
  readonly memoryUsedBytes: number | null
  /** Pressure-stall totals, ms. */
  readonly memoryStallMs: number | null
  readonly cpuStallMs: number | null
  readonly frozen: boolean | null
}

/** Pressure-stall totals of the whole machine since boot, ms; null where the kernel has no such line. */
export interface MachinePressure {
  /** Some task waited for a CPU. */
  readonly cpuStallMs: number | null
  /** All tasks that wanted to run waited for memory, or for I/O. */
  readonly memoryStallMs: number | null
  readonly ioStallMs: number | null
}

export interface KernelState {
  /** Monotonic ms of the reader, to subtract one look from another. */
  readonly takenAtMs: number
  readonly processState: string
  readonly tracerPid: number
  readonly threads: readonly KernelThread[]
  readonly children: readonly ChildProcess[]
  readonly sockets: readonly SocketState[]
  readonly files: readonly OpenFile[]
  readonly cgroup: CgroupState | null
  readonly loadAverage: readonly number[]
  readonly residentBytes: number
  readonly swappedBytes: number
  readonly majorFaults: number
  /** DNS servers of its resolv.conf, null unread. */
  readonly nameservers: readonly string[] | null
  readonly pressure?: MachinePressure | null
}
