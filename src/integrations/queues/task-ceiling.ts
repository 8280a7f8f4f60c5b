/**
 * How long a task may hold its slot before it counts as stuck, if nothing of it moves. As a rule that is the task's own
 * `responseTimeoutSeconds`, after which the server gives it to somebody else. With `leaseExtendEnabled` the SDK tells the
 * server at 80 % of it that the task lives, whether its function moves or not, so that time-out never comes: then
 * CONDUCTOR_STALL_TASK_SECONDS counts, else the `timeoutSeconds` of its definition, else ten times what its type usually takes.
 */

/** What a server says of a task's time; none of it for other queues. */
export interface TaskTimes {
  readonly responseTimeoutSeconds?: number
  readonly workflowTask?: { readonly taskDefinition?: { readonly timeoutSeconds?: number } | null } | null
}

const TIMES_USUAL = 10
/** Below this a usual time says nothing about what a slow one may take. */
const LEAST_MS = 60_000
/** Executions before a usual time is known. */
const LEAST_SEEN = 3
const WEIGHT = 0.2

export class TaskCeiling {
  readonly #settingMs: number
  readonly #usual = new Map<string, { ms: number; seen: number }>()

  /** @param settingMs 0: none */
  constructor(settingMs: number) {
    this.#settingMs = settingMs
  }

  /** One execution of this kind has ended, after so long. */
  took(kind: string, ms: number): void {
    const known = this.#usual.get(kind)
    if (known === undefined) this.#usual.set(kind, { ms, seen: 1 })
    else {
      known.ms += WEIGHT * (ms - known.ms)
      known.seen++
    }
  }

  /** ms; undefined: nobody knows. */
  of(kind: string, task: TaskTimes, leased: boolean): number | undefined {
    if (!leased) return inMs(task.responseTimeoutSeconds)
    if (this.#settingMs > 0) return this.#settingMs
    const known = this.#usual.get(kind)
    const usual = known !== undefined && known.seen >= LEAST_SEEN ? known.ms : undefined
    return (
      inMs(task.workflowTask?.taskDefinition?.timeoutSeconds) ??
      (usual === undefined ? undefined : Math.max(LEAST_MS, TIMES_USUAL * usual))
    )
  }
}

function inMs(seconds: number | undefined): number | undefined {
  return seconds !== undefined && seconds > 0 ? seconds * 1000 : undefined
}
