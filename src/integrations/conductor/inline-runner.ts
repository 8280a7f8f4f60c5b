/**
 * SDK 0.0.x: one loop a slot, which polls for one task, executes it and sends its result before it polls again
 * (src/task/TaskRunner.ts there). The loop is an own function of each runner, so nothing of it can be reached from the
 * module; what it calls can: `poll` and `updateTask1` of the task resource. One clock a task type, as all slots share it:
 * a loop that is lost beside others that go on is not seen.
 */
import type { Clock } from '../../heartbeat/clock.js'
import type { ClockSource } from '../../heartbeat/clock-board.js'
import type { StallAgentTask } from '../../heartbeat/task-in-flight.js'
import { safely } from '../guard/safely.js'
import { wasAnswered } from './answer.js'
import { isPatchable, prototypeOf, replaceMethod } from '../modules/replace-method.js'
import type { SdkTask } from './sdk-types.js'

interface TaskResource {
  poll: (this: TaskResource, taskType: string, ...rest: unknown[]) => PromiseLike<SdkTask | null | undefined>
  updateTask1: (this: TaskResource, result: { readonly taskId?: string }) => PromiseLike<unknown>
}

const PATCHED = new WeakSet<object>()

/** @returns false when this is no SDK of that line */
export function patchInlineRunner(clocks: ClockSource, exports: unknown, onType: (taskType: string) => void): boolean {
  const resource = taskResourceOf(exports)
  if (!resource) return false
  if (PATCHED.has(resource)) return true
  PATCHED.add(resource)
  const types = new InlineTypes(clocks, onType)
  const { poll, updateTask1 } = resource
  replaceMethod(resource, 'poll', function (this: TaskResource, taskType: string, ...rest: unknown[]) {
    const clock = safely(() => types.polls(taskType))
    const polled = poll.call(this, taskType, ...rest)
    void polled.then(
      (task) => safely(() => clock && types.answered(clock, task)),
      (error: unknown) => safely(() => clock && types.failed(clock, error)),
    )
    return polled
  })
  replaceMethod(resource, 'updateTask1', function (this: TaskResource, result: { readonly taskId?: string }) {
    const updated = updateTask1.call(this, result)
    void updated.then(
      () => safely(() => types.ended(result.taskId)),
      () => undefined,
    )
    return updated
  })
  return true
}

/** Its client makes one, and does nothing else at that. Of later lines, whose runners have a poller, it is none. */
function taskResourceOf(exports: unknown): TaskResource | null {
  const runner = prototypeOf(exports, 'TaskRunner')
  const client = prototypeOf(exports, 'ConductorClient')
  if (!runner || !client || Object.getOwnPropertyDescriptor(runner, 'isPolling')) return null
  const ConductorClient = client.constructor as new (options: object) => { readonly taskResource?: unknown }
  const { taskResource } = new ConductorClient({ serverUrl: 'http://127.0.0.1' })
  if (typeof taskResource !== 'object' || taskResource === null) return null
  const prototype = Object.getPrototypeOf(taskResource) as object
  return isPatchable(prototype, 'poll') && isPatchable(prototype, 'updateTask1') ? (prototype as TaskResource) : null
}

class InlineTypes {
  readonly #clocks: ClockSource
  readonly #onType: (taskType: string) => void
  readonly #byType = new Map<string, Clock>()
  readonly #tasks = new Map<string, { readonly clock: Clock; readonly task: StallAgentTask }>()

  constructor(clocks: ClockSource, onType: (taskType: string) => void) {
    this.#clocks = clocks
    this.#onType = onType
  }

  polls(taskType: string): Clock {
    let clock = this.#byType.get(taskType)
    if (clock === undefined) {
      clock = this.#clocks.open(`conductor:${taskType}`, 'poll-loop')
      this.#byType.set(taskType, clock)
      this.#onType(taskType)
    }
    clock.beat()
    clock.pollStarted()
    return clock
  }

  answered(clock: Clock, task: SdkTask | null | undefined): void {
    clock.pollAnswered()
    if (!task?.taskId) return
    const { responseTimeoutSeconds = 0 } = task
    const responseTimeoutMs = responseTimeoutSeconds > 0 ? responseTimeoutSeconds * 1000 : undefined
    this.#tasks.set(task.taskId, { clock, task: clock.taskStarted(task.taskId, { responseTimeoutMs, task }) })
  }

  failed(clock: Clock, error: unknown): void {
    if (wasAnswered(error)) clock.pollAnswered()
    else clock.pollFailed(error)
  }

  ended(taskId: string | undefined): void {
    const known = taskId === undefined ? undefined : this.#tasks.get(taskId)
    if (known === undefined || taskId === undefined) return
    this.#tasks.delete(taskId)
    known.clock.taskEnded(known.task)
    known.clock.progressed()
  }
}
