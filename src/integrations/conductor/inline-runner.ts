/**
 * SDK 0.0.x: one loop a slot, which polls for one task, executes it and sends its result before it polls again
 * (src/task/TaskRunner.ts there). The loop is an own function of each runner, so nothing of it can be reached from the
 * module; what it calls can: `poll` and `updateTask1` of the task resource. One clock a task type, as all slots share it:
 * a loop that is lost beside others that go on is not seen. How many there are is known by how many polled or worked at
 * the same time so far.
 */
import type { Clock } from '../../heartbeat/clock.js'
import type { ClockSource } from '../../heartbeat/clock-board.js'
import type { StallAgentTask } from '../../heartbeat/task-in-flight.js'
import { safely } from '../guard/safely.js'
import { wasAnswered } from './answer.js'
import { isPatchable, prototypeOf, replaceMethod } from '../modules/replace-method.js'
import { Slots } from '../queues/slots.js'
import type { SdkTask } from './sdk-types.js'

interface TaskResource {
  poll: (this: TaskResource, taskType: string, ...rest: unknown[]) => PromiseLike<SdkTask | null | undefined>
  updateTask1: (this: TaskResource, result: { readonly taskId?: string }) => PromiseLike<unknown>
}

type ExecuteTask = (task: SdkTask) => Promise<void>

interface InlineRunner {
  readonly worker?: { readonly execute?: object }
}

const PATCHED = new WeakSet<object>()

/** @returns false when this is no SDK of that line */
export function patchInlineRunner(clocks: ClockSource, exports: unknown, onType: (taskType: string) => void): boolean {
  const resource = taskResourceOf(exports)
  if (!resource) return false
  if (PATCHED.has(resource)) return true
  PATCHED.add(resource)
  const types = new InlineTypes(clocks, onType)
  const runner = prototypeOf(exports, 'TaskRunner')
  if (runner) showExecutions(runner, types)
  const { poll, updateTask1 } = resource
  replaceMethod(resource, 'poll', function (this: TaskResource, taskType: string, ...rest: unknown[]) {
    const type = safely(() => types.polls(taskType))
    const polled = poll.call(this, taskType, ...rest)
    void polled.then(
      (task) => safely(() => type && types.answered(type, task)),
      (error: unknown) => safely(() => type && types.failed(type, error)),
    )
    return polled
  })
  replaceMethod(resource, 'updateTask1', function (this: TaskResource, result: { readonly taskId?: string }) {
    const updated = updateTask1.call(this, result)
    const ended = (): void => safely(() => types.ended(result.taskId))
    // Refused or not, the loop goes on; what it sends instead of a result that failed is its own affair.
    void updated.then(ended, ended)
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

/** A runner's constructor assigns its own `executeTask`: of runners that are made from now on. */
function showExecutions(prototype: object, types: InlineTypes): void {
  if ('executeTask' in prototype) return
  Object.defineProperty(prototype, 'executeTask', {
    configurable: true,
    set(this: InlineRunner, executeTask: ExecuteTask) {
      Object.defineProperty(this, 'executeTask', {
        configurable: true,
        enumerable: true,
        writable: true,
        value: executeTask,
      })
      safely(() => replaceMethod(this as { executeTask: ExecuteTask }, 'executeTask', shown(this, executeTask, types)))
    },
  })
}

function shown(runner: InlineRunner, executeTask: ExecuteTask, types: InlineTypes): ExecuteTask {
  const provesItself = executeTask.constructor.name === 'AsyncFunction'
  return (task) => {
    safely(() => types.executes(task.taskId, runner.worker?.execute))
    const executed = executeTask(task)
    if (provesItself) safely(() => types.executing(task.taskId, executed))
    return executed
  }
}

/** All loops of one task type. */
interface InlineType {
  readonly clock: Clock
  readonly tasks: Slots
  polls: number
  loops: number
}

class InlineTypes {
  readonly #clocks: ClockSource
  readonly #onType: (taskType: string) => void
  readonly #byType = new Map<string, InlineType>()
  readonly #tasks = new Map<string, { readonly type: InlineType; readonly task: StallAgentTask }>()

  constructor(clocks: ClockSource, onType: (taskType: string) => void) {
    this.#clocks = clocks
    this.#onType = onType
  }

  polls(taskType: string): InlineType {
    let type = this.#byType.get(taskType)
    if (type === undefined) {
      const clock = this.#clocks.open(`conductor:${taskType}`, 'poll-loop')
      type = { clock, tasks: new Slots(), polls: 0, loops: 0 }
      this.#byType.set(taskType, type)
      this.#onType(taskType)
    }
    type.polls++
    type.loops = Math.max(type.loops, type.polls + type.tasks.inUse)
    type.tasks.changed(type.clock, 0, type.loops)
    type.clock.pollStarted()
    return type
  }

  answered(type: InlineType, task: SdkTask | null | undefined): void {
    type.polls--
    type.clock.pollAnswered()
    if (!task?.taskId) return
    const { responseTimeoutSeconds = 0 } = task
    const responseTimeoutMs = responseTimeoutSeconds > 0 ? responseTimeoutSeconds * 1000 : undefined
    this.#tasks.set(task.taskId, { type, task: type.clock.taskStarted(task.taskId, { responseTimeoutMs, task }) })
    type.tasks.changed(type.clock, 1, type.loops)
  }

  failed(type: InlineType, error: unknown): void {
    type.polls--
    if (wasAnswered(error)) type.clock.pollAnswered()
    else type.clock.pollFailed(error)
  }

  /** The function that is about to execute it. */
  executes(taskId: string | undefined, execute: object | undefined): void {
    const known = this.#tasks.get(taskId ?? '')
    if (known !== undefined) known.task.execute = execute ?? null
  }

  executing(taskId: string | undefined, promise: Promise<unknown>): void {
    const known = this.#tasks.get(taskId ?? '')
    if (known !== undefined) known.task.promise = promise
  }

  ended(taskId: string | undefined): void {
    const known = taskId === undefined ? undefined : this.#tasks.get(taskId)
    if (known === undefined || taskId === undefined) return
    this.#tasks.delete(taskId)
    const { type, task } = known
    type.clock.taskEnded(task)
    type.clock.progressed()
    type.tasks.changed(type.clock, -1, type.loops)
  }
}
