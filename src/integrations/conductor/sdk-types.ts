/**
 * The shape of `@io-orkes/conductor-javascript` that the integration relies on, private fields included
 * (src/sdk/clients/worker/Poller.ts and TaskRunner.ts there, src/task/TaskRunner.ts before 2.0), and the check that what
 * was loaded has it. Known: 1.2.3, 2.4.1, 3.1.0, 4.0.0 with its `agents` entry; 0.0.11 is in inline-runner.ts.
 */
import { isPatchable, prototypeOf } from '../modules/replace-method.js'

export interface SdkPollerOptions {
  readonly concurrency?: number
  readonly pollInterval?: number
  readonly paused?: boolean
}

export interface SdkPoller {
  readonly polling: boolean
  readonly options: SdkPollerOptions
  readonly _pollerId: string
  readonly _tasksInProcess: number
  /** Since the last poll that was not refused; more than 0: the loop sleeps without polling. Absent before 3.1. */
  readonly _authFailures?: number
  readonly pollFunction: (count: number) => Promise<unknown>
  readonly stopPolling: () => Promise<void>
  /** Executes a task and what its updates bring: `executeTask` of its runner. */
  readonly performWorkFunction: (task: SdkTask) => Promise<unknown>
}

export interface SdkTask {
  readonly taskId?: string
  readonly responseTimeoutSeconds?: number
  /** Its definition, as the server sends it along. */
  readonly workflowTask?: { readonly taskDefinition?: { readonly timeoutSeconds?: number } | null } | null
}

export interface SdkTaskRunner {
  readonly poller: SdkPoller
  readonly worker: { readonly execute: (task: SdkTask) => unknown; readonly leaseExtendEnabled?: boolean }
  /** Executes one task and sends its result; the next task, when the answer to the update brought one. From 3.1 on. */
  readonly executeOneTask?: (task: SdkTask) => Promise<SdkTask | undefined>
}

export interface SdkPrototypes {
  /** Where `isPolling` is. */
  readonly poller: object
  /** From 3.1 on: called once an iteration, in every branch. Before, the loop sets `timeoutHandler` instead. */
  readonly sleeper: { readonly sleep: (this: SdkPoller, ms: number) => Promise<void> } | null
  /** From 3.1 on: shows a runner with each of its tasks. */
  readonly runner: { readonly isValidTask: (this: SdkTaskRunner, task: SdkTask) => boolean } | null
}

/** Null when the module is of another version, whose loop works differently. */
export function sdkPrototypes(exports: unknown): SdkPrototypes | null {
  const poller = prototypeOf(exports, 'Poller') ?? pollerOfRunner(exports)
  return poller === null ? null : prototypesFrom(poller, prototypeOf(exports, 'TaskRunner'))
}

/** The same by a poller and a runner that exist, where a module exports neither class. */
export function prototypesFrom(poller: object, runner: object | null): SdkPrototypes | null {
  const getter = Object.getOwnPropertyDescriptor(poller, 'isPolling')
  if (!getter?.get || !getter.configurable) return null
  return {
    poller,
    sleeper: isPatchable(poller, 'sleep') ? (poller as NonNullable<SdkPrototypes['sleeper']>) : null,
    runner: runner && isPatchable(runner, 'isValidTask') ? (runner as NonNullable<SdkPrototypes['runner']>) : null,
  }
}

/** 1.x does not export Poller; a runner's constructor makes one, and does nothing else. */
function pollerOfRunner(exports: unknown): object | null {
  const runner = prototypeOf(exports, 'TaskRunner')
  if (!runner || !Object.getOwnPropertyDescriptor(runner, 'isPolling')?.get) return null
  const quiet = (): void => undefined
  const TaskRunner = runner.constructor as new (options: object) => { readonly poller?: unknown }
  const made = new TaskRunner({
    worker: { taskDefName: '', execute: quiet },
    options: {},
    taskResource: {},
    client: {},
    logger: { info: quiet, warn: quiet, error: quiet, debug: quiet },
  })
  return typeof made.poller === 'object' && made.poller !== null ? (Object.getPrototypeOf(made.poller) as object) : null
}
