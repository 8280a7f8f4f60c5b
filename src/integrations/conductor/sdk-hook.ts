/**
 * Hooks into the SDK's classes, as loaded. The bundle's exports can't be replaced (getters, and the SDK does not use
 * them itself), so prototypes are patched, and an instance's own functions once the instance shows itself:
 *
 * - reading `isPolling` shows a poller before its first poll. The SDK's health check reads it too, so it is no beat;
 * - `sleep` is called once an iteration, in every branch: the beat. Before 3.1 the loop sets `timeoutHandler` there;
 * - `pollFunction` is the poll itself;
 * - `isValidTask` shows a runner, with each task and before its execution, also for tasks that an update brought.
 *   Before 3.1 `performWorkFunction` of the poller is what executes a task.
 */
import type { ClockSource } from '../../heartbeat/clock-board.js'
import { safely } from '../guard/safely.js'
import { keepPublished } from './event-listeners.js'
import { PollerBeat } from './poller-beat.js'
import { prototypeOf, replaceMethod } from '../modules/replace-method.js'
import { type SdkPoller, sdkPrototypes, type SdkPrototypes, type SdkTask, type SdkTaskRunner } from './sdk-types.js'
import { TaskCeiling } from '../queues/task-ceiling.js'
import { watchRunner, watchWork } from './tasks-in-flight.js'

const PATCHED = new WeakSet<object>()

export class SdkHook {
  readonly #clocks: ClockSource
  readonly #beats = new WeakMap<SdkPoller, PollerBeat>()
  readonly #runners = new WeakSet<SdkTaskRunner>()
  readonly #onPoller: (beat: PollerBeat) => void
  readonly #ceiling: TaskCeiling

  /**
   * @param onPoller called with each poller when it shows itself
   * @param taskStallMs how long a task with an extended lease may stand still; 0: by its own time-outs
   */
  constructor(clocks: ClockSource, onPoller: (beat: PollerBeat) => void, taskStallMs = 0) {
    this.#clocks = clocks
    this.#onPoller = onPoller
    this.#ceiling = new TaskCeiling(taskStallMs)
  }

  /**
   * Idempotent, and works on an SDK whose pollers run already.
   * @returns false when this is no SDK of a known shape
   */
  patch(exports: unknown): boolean {
    const prototypes = sdkPrototypes(exports)
    if (!prototypes) return false
    this.patchPrototypes(prototypes)
    safely(() => keepPublished(prototypeOf(exports, 'EventDispatcher')))
    return true
  }

  patchPrototypes(prototypes: SdkPrototypes): void {
    if (PATCHED.has(prototypes.poller)) return
    PATCHED.add(prototypes.poller)
    const { sleeper, runner } = prototypes
    this.#patchIsPolling(prototypes)
    if (sleeper) this.#patchSleep(prototypes, sleeper)
    if (runner) this.#patchIsValidTask(prototypes, runner)
  }

  #patchIsPolling(prototypes: SdkPrototypes): void {
    const property = Object.getOwnPropertyDescriptor(prototypes.poller, 'isPolling')
    if (!property?.get) return
    const original = Reflect.get(property, 'get') as (this: SdkPoller) => unknown
    const show = (poller: SdkPoller): void => void safely(() => this.#beatOf(prototypes, poller))
    const get = function isPolling(this: SdkPoller): unknown {
      const value = original.call(this)
      if (value === true) show(this)
      return value
    }
    Object.defineProperty(get, 'name', { value: original.name, configurable: true })
    Object.defineProperty(prototypes.poller, 'isPolling', { ...property, get })
  }

  #patchSleep(prototypes: SdkPrototypes, sleeper: NonNullable<SdkPrototypes['sleeper']>): void {
    const original = sleeper.sleep
    const beatOf = (poller: SdkPoller): PollerBeat | null => safely(() => this.#beatOf(prototypes, poller)) ?? null
    replaceMethod(sleeper, 'sleep', function sleep(this: SdkPoller, ms: number): Promise<void> {
      const beat = beatOf(this)
      if (!beat) return original.call(this, ms)
      safely(() => beat.sleeping(ms))
      const slept = original.call(this, ms)
      // Before the loop's own continuation: reactions run in the order in which they were added.
      void slept.then(() => safely(() => beat.awake()))
      return slept
    })
  }

  #patchIsValidTask(prototypes: SdkPrototypes, prototype: NonNullable<SdkPrototypes['runner']>): void {
    const original = prototype.isValidTask
    const show = (runner: SdkTaskRunner): void => safely(() => this.#watchRunner(prototypes, runner))
    replaceMethod(prototype, 'isValidTask', function isValidTask(this: SdkTaskRunner, task: SdkTask): boolean {
      show(this)
      return original.call(this, task)
    })
  }

  /** Null when the poller is not what we know: then it goes without a clock. */
  #beatOf(prototypes: SdkPrototypes, poller: SdkPoller): PollerBeat | null {
    const known = this.#beats.get(poller)
    if (known) return known
    if (typeof poller.pollFunction !== 'function' || typeof poller.stopPolling !== 'function') return null
    const beat = new PollerBeat(this.#clocks, poller)
    this.#beats.set(poller, beat)
    const { pollFunction, stopPolling } = poller
    // No async function of ours: it would stand between the loop and its poll in every await tree.
    replaceMethod(poller, 'pollFunction', (count: number) => {
      safely(() => beat.pollStarted())
      const polled = pollFunction(count)
      void polled.then(
        () => safely(() => beat.pollAnswered()),
        (error: unknown) => safely(() => beat.pollFailed(error)),
      )
      return polled
    })
    replaceMethod(poller, 'stopPolling', () => {
      const stopping = stopPolling()
      safely(() => beat.stopped())
      return stopping
    })
    if (!prototypes.sleeper) beatWithTimer(poller, beat)
    if (!prototypes.runner) watchWork(poller, () => beat.clock, this.#ceiling)
    this.#onPoller(beat)
    return beat
  }

  #watchRunner(prototypes: SdkPrototypes, runner: SdkTaskRunner): void {
    if (this.#runners.has(runner)) return
    this.#runners.add(runner)
    watchRunner(runner, () => this.#beatOf(prototypes, runner.poller)?.clock, this.#ceiling)
  }
}

/** Before 3.1 each iteration ends with `this.timeoutHandler = setTimeout(...)`. */
function beatWithTimer(poller: SdkPoller, beat: PollerBeat): void {
  let timer: unknown = Reflect.get(poller, 'timeoutHandler')
  Object.defineProperty(poller, 'timeoutHandler', {
    configurable: true,
    enumerable: true,
    get: () => timer,
    set(value: unknown) {
      timer = value
      safely(() => beat.sleeping(poller.options.pollInterval ?? 0))
    },
  })
}
