/**
 * `@io-orkes/conductor-javascript/agents` of SDK 4: a file of its own with copies of the loop's classes, of which it
 * exports none. It exports WorkerManager, though, whose `startPolling` makes the TaskManager, and from there every
 * runner and poller can be reached, before the first poll was answered.
 */
import { safely } from '../guard/safely.js'
import { isPatchable, prototypeOf, replaceMethod } from '../modules/replace-method.js'
import { keepPublished } from './event-listeners.js'
import { prototypesFrom } from './sdk-types.js'
import type { SdkHook } from './sdk-hook.js'

interface WorkerManager {
  readonly taskManager?: {
    readonly workerRunners?: ReadonlyMap<string, { readonly poller?: object; readonly eventDispatcher?: object }>
  } | null
  startPolling: (this: WorkerManager) => Promise<void>
}

const PATCHED = new WeakSet<object>()

/** @returns false when these are not the exports of `agents` */
export function patchAgents(hook: SdkHook, exports: unknown): boolean {
  const prototype = prototypeOf(exports, 'WorkerManager') as WorkerManager | null
  if (!prototype || !isPatchable(prototype, 'startPolling')) return false
  if (PATCHED.has(prototype)) return true
  PATCHED.add(prototype)
  const original = prototype.startPolling
  const show = (manager: WorkerManager): void => {
    for (const runner of manager.taskManager?.workerRunners?.values() ?? []) {
      const poller = runner.poller && (Object.getPrototypeOf(runner.poller) as object)
      const prototypes = poller && prototypesFrom(poller, Object.getPrototypeOf(runner) as object)
      if (!prototypes || !runner.poller) continue
      hook.patchPrototypes(prototypes)
      if (runner.eventDispatcher) keepPublished(Object.getPrototypeOf(runner.eventDispatcher) as object)
      // It shows itself when this is read.
      void Reflect.get(runner.poller, 'isPolling')
    }
  }
  replaceMethod(prototype, 'startPolling', function startPolling(this: WorkerManager): Promise<void> {
    const started = original.call(this)
    // The poll loops began in the same turn.
    void started.then(
      () => safely(() => show(this)),
      () => undefined,
    )
    return started
  })
  return true
}
