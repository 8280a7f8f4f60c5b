/** Each execution of a task, from its start until its result was sent, as a task in flight of the poller's clock. */
import type { Clock } from '../../heartbeat/clock.js'
import type { StallAgentTask } from '../../heartbeat/task-in-flight.js'
import { safely } from '../guard/safely.js'
import { replaceMethod } from '../modules/replace-method.js'
import { type SdkPoller, type SdkTask, type SdkTaskRunner } from './sdk-types.js'
import type { TaskCeiling } from '../queues/task-ceiling.js'

type Execute<R> = (task: SdkTask) => Promise<R>

export interface TaskFacts {
  readonly execute?: object
  /** The SDK tells the server again and again that the task lives, whether it moves or not. */
  readonly leased: boolean
}

/** From SDK 3.1 on: one task at a time, also those that an update brought. */
export function watchRunner(runner: SdkTaskRunner, clockOf: () => Clock | undefined, ceiling: TaskCeiling): void {
  const { executeOneTask } = runner
  if (typeof executeOneTask !== 'function') return
  const facts = (): TaskFacts => ({
    execute: runner.worker.execute,
    leased: runner.worker.leaseExtendEnabled === true,
  })
  replaceMethod(runner as Required<SdkTaskRunner>, 'executeOneTask', watched(executeOneTask, clockOf, facts, ceiling))
}

/** Before: all that a poll brought, one call each. A slot that the SDK loses, since this rejects, stays a task. */
export function watchWork(poller: SdkPoller, clockOf: () => Clock | undefined, ceiling: TaskCeiling): void {
  const { performWorkFunction } = poller
  if (typeof performWorkFunction !== 'function') return
  replaceMethod(
    poller,
    'performWorkFunction',
    watched(performWorkFunction, clockOf, () => ({ leased: false }), ceiling),
  )
}

function watched<R>(
  execute: Execute<R>,
  clockOf: () => Clock | undefined,
  factsOf: () => TaskFacts,
  ceiling: TaskCeiling,
): Execute<R> {
  // Only an async function's promise proves by itself that nothing is left that could settle it.
  const provesItself = execute.constructor.name === 'AsyncFunction'
  return (task) => {
    const clock = safely(clockOf)
    const inFlight = clock && safely(() => startTask(clock, task, factsOf(), ceiling))
    const executed = execute(task)
    if (!clock || !inFlight) return executed
    if (provesItself) inFlight.promise = executed
    const startedAt = performance.now()
    // A rejection means that the SDK keeps the slot for ever: the task then stays in flight here too.
    void executed.then(
      () =>
        safely(() => {
          ceiling.took(clock.name, performance.now() - startedAt)
          clock.taskEnded(inFlight)
          clock.progressed()
        }),
      () => undefined,
    )
    return executed
  }
}

function startTask(clock: Clock, task: SdkTask, { execute, leased }: TaskFacts, ceiling: TaskCeiling): StallAgentTask {
  return clock.taskStarted(task.taskId ?? '', {
    responseTimeoutMs: ceiling.of(clock.name, task, leased),
    execute,
    task,
  })
}
