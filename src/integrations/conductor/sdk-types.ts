/**
 * The shape of `@io-orkes/conductor-javascript` 4.0.0 that the integration relies on, private fields included
 * (src/sdk/clients/worker/Poller.ts and TaskRunner.ts there), and the check that what was loaded has it.
 */

export interface SdkPollerOptions {
  readonly concurrency?: number
  readonly paused?: boolean
}

export interface SdkPoller {
  readonly polling: boolean
  readonly options: SdkPollerOptions
  readonly _pollerId: string
  readonly _tasksInProcess: number
  /** Since the last poll that was not refused; more than 0: the loop sleeps without polling. Absent before 4.0. */
  readonly _authFailures?: number
  readonly pollFunction: (count: number) => Promise<unknown>
  readonly stopPolling: () => Promise<void>
}

export interface SdkTask {
  readonly taskId?: string
  readonly responseTimeoutSeconds?: number
}

export interface SdkTaskRunner {
  readonly poller: SdkPoller
  readonly worker: { readonly execute: (task: SdkTask) => unknown; readonly leaseExtendEnabled?: boolean }
  /** Executes one task and sends its result; the next task, when the answer to the update brought one. */
  readonly executeOneTask: (task: SdkTask) => Promise<SdkTask | undefined>
}

type Method = (this: never, ...args: never[]) => unknown

export interface SdkPrototypes {
  readonly poller: { readonly sleep: (this: SdkPoller, ms: number) => Promise<void> }
  readonly runner: { readonly isValidTask: (this: SdkTaskRunner, task: SdkTask) => boolean }
}

/** Null when the module is of another version, whose loop works differently. */
export function sdkPrototypes(exports: unknown): SdkPrototypes | null {
  const poller = prototypeOf(exports, 'Poller')
  const runner = prototypeOf(exports, 'TaskRunner')
  if (!poller || !runner) return null
  const getter = Object.getOwnPropertyDescriptor(poller, 'isPolling')
  if (!getter?.get || !getter.configurable) return null
  if (!isPatchable(poller, 'sleep') || !isPatchable(runner, 'isValidTask')) return null
  return { poller, runner } as unknown as SdkPrototypes
}

function prototypeOf(exports: unknown, name: string): object | null {
  if (typeof exports !== 'object' || exports === null) return null
  const constructor: unknown = Reflect.get(exports, name)
  if (typeof constructor !== 'function') return null
  const prototype: unknown = constructor.prototype
  return typeof prototype === 'object' ? prototype : null
}

function isPatchable(prototype: object, name: string): boolean {
  const property = Object.getOwnPropertyDescriptor(prototype, name)
  return property?.configurable === true && property.writable === true && typeof property.value === 'function'
}

/** Replaces a method, keeping what can be seen of it: enumerability, name, length. */
export function replaceMethod<T extends object>(owner: T, name: keyof T & string, replacement: Method): void {
  const property = Object.getOwnPropertyDescriptor(owner, name)
  const original: unknown = property?.value
  if (!property || typeof original !== 'function') return
  for (const key of ['name', 'length'] as const) {
    const visible = Object.getOwnPropertyDescriptor(original, key)
    if (visible) Object.defineProperty(replacement, key, visible)
  }
  Object.defineProperty(owner, name, { ...property, value: replacement })
}
