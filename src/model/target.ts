/** The process a capture looks at, and from where. */
export interface Target {
  readonly pid: number
  /** Guards against pid reuse: from /proc/PID/stat, null off Linux. */
  readonly startTicks: number | null
  /** `/proc/PID`, or `/proc/self` when the capture runs inside. Null off Linux. */
  readonly procRoot: string | null
  /** True in the agent's capture thread: same process, the main thread is the patient. */
  readonly inside: boolean
  /** Tids of the agent's own threads, where the agent told them: they are no suspects. */
  readonly agentTids?: readonly number[]
}
