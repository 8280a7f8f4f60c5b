/** The jobs that one loop works on: which they are, and how long each of them may stand still. */
import type { Clock } from '../../heartbeat/clock.js'
import type { StallAgentTask } from '../../heartbeat/task-in-flight.js'
import { TaskCeiling } from './task-ceiling.js'

export interface Job {
  readonly id: string
  /** The function that works on it. */
  readonly execute?: object | undefined
}

export interface JobInFlight {
  readonly task: StallAgentTask
  /** @param done false: it was taken from the loop, and says nothing of how long such jobs take */
  readonly end: (done?: boolean) => void
}

export class Jobs {
  readonly #name: string
  readonly #ceiling: TaskCeiling

  /** @param taskStallMs how long a job may stand still; 0: ten times what such jobs usually take */
  constructor(name: string, taskStallMs: number) {
    this.#name = name
    this.#ceiling = new TaskCeiling(taskStallMs)
  }

  begin(clock: Clock, { id, execute }: Job): JobInFlight {
    const responseTimeoutMs = this.#ceiling.of(this.#name, {}, true)
    const task = clock.taskStarted(id, { responseTimeoutMs, execute })
    const startedAt = performance.now()
    return {
      task,
      end: (done = true) => {
        clock.taskEnded(task)
        if (!done) return
        this.#ceiling.took(this.#name, performance.now() - startedAt)
        clock.progressed()
      },
    }
  }
}
