/** Tasks of Conductor's that stood still in an incident, and whether their process can still end them. */

export interface StuckTask {
  readonly taskId: string
  readonly taskType: string | null
  readonly workflowId: string | null
}

export interface StuckWork {
  readonly pid: number
  /** With the pid it names one process for ever; null off Linux. */
  readonly startTicks: number | null
  /** Where its bundles are, and the note that the watchdog leaves when it ends a process. */
  readonly directory: string
  /** The watchdog is about to end it. */
  readonly ending: boolean
  readonly tasks: readonly StuckTask[]
  /** For a task's log: sentence, place, process, incident. Redacted. */
  readonly text: string
  /** The same, short. */
  readonly reason: string
}
