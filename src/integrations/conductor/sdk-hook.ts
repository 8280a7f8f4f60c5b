/**
 * Hooks into the classes of SDK 4, as loaded. The bundle's exports can't be replaced (getters, and the SDK does not
 * use them itself), so prototypes are patched, and an instance's own functions once the instance shows itself:
 *
 * - reading `isPolling` shows a poller before its first poll. The SDK's health check reads it too, so it is no beat;
 * - `sleep` is called once an iteration, in every branch: the beat;
 * - `pollFunction` is the poll itself;
 * - `isValidTask` shows a runner, with each task and before its execution, also for tasks that an update brought.
 */
import type { ClockSource } from '../../heartbeat/clock-board.js'
import type { Clock } from '../../heartbeat/clock.js'
import type { StallAgentTask } from '../../heartbeat/task-in-flight.js'
import { safely } from '../guard/safely.js'
import { PollerBeat } from './poller-beat.js'
import {
  replaceMethod,
  sdkPrototypes,
  type SdkPrototypes,
  type SdkPoller,
  type SdkTask,
  type SdkTaskRunner,
} from './sdk-types.js'

const PATCHED = new WeakSet<object>()

export class SdkHook {
  readonly #clocks: ClockSource
  readonly #beats = new WeakMap<SdkPoller, PollerBeat>()
  readonly #runners = new WeakSet<SdkTaskRunner>()
  readonly #onPoller: (beat: PollerBeat) => void

  /** @param onPoller called with each poller when it shows itself */
  constructor(clocks: ClockSource, onPoller: (beat: PollerBeat) => void) {
    this.#clocks = clocks
    this.#onPoller = onPoller
  }

  /**
   * Idempotent, and works on an SDK whose pollers run already.
   * @returns false when this is no SDK of a known shape
   */
  patch(exports: unknown): boolean {
    const prototypes = sdkPrototypes(exports)
    if (!prototypes) return false
    if (PATCHED.has(prototypes.poller)) return true
    PATCHED.add(prototypes.poller)
    this.#patchIsPolling(prototypes.poller)
    this.#patchSleep(prototypes.poller)
    this.#patchIsValidTask(prototypes.runner)
    return true
  }

  #patchIsPolling(prototype: object): void {
    const property = Object.getOwnPropertyDescriptor(prototype, 'isPolling')
    if (!property?.get) return
    const original = Reflect.get(property, 'get') as (this: SdkPoller) => unknown
    const show = (poller: SdkPoller): void => void safely(() => this.#beatOf(poller))
    const get = function isPolling(this: SdkPoller): unknown {
      const value = original.call(this)
      if (value === true) show(this)
      return value
    }
    Object.defineProperty(get, 'name', { value: original.name, configurable: true })
    Object.defineProperty(prototype, 'isPolling', { ...property, get })
  }

  #patchSleep(prototype: SdkPrototypes['poller']): void {
    const original = prototype.sleep
    const beatOf = (poller: SdkPoller): PollerBeat | null => safely(() => this.#beatOf(poller)) ?? null
    replaceMethod(prototype, 'sleep', function sleep(this: SdkPoller, ms: number): Promise<void> {
      const beat = beatOf(this)
      if (!beat) return original.call(this, ms)
      safely(() => beat.sleeping(ms))
      const slept = original.call(this, ms)
      // Before the loop's own continuation: reactions run in the order in which they were added.
      void slept.then(() => safely(() => beat.awake()))
      return slept
    })
  }

  #patchIsValidTask(prototype: SdkPrototypes['runner']): void {
    const original = prototype.isValidTask
    const show = (runner: SdkTaskRunner): void => safely(() => this.#watchRunner(runner))
    replaceMethod(prototype, 'isValidTask', function isValidTask(this: SdkTaskRunner, task: SdkTask): boolean {
      show(this)
      return original.call(this, task)
    })
  }

  /** Null when the poller is not what we know: then it goes without a clock. */
  #beatOf(poller: SdkPoller): PollerBeat | null {
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
    this.#onPoller(beat)
    return beat
  }

  #watchRunner(runner: SdkTaskRunner): void {
    if (this.#runners.has(runner)) return
    this.#runners.add(runner)
    const { executeOneTask } = runner
    if (typeof executeOneTask !== 'function') return
    replaceMethod(runner, 'executeOneTask', (task: SdkTask) => {
      const clock = safely(() => this.#beatOf(runner.poller)?.clock)
      const inFlight = clock && safely(() => startTask(clock, runner, task))
      const executed = executeOneTask(task)
      if (!clock || !inFlight) return executed
      // Only an async function's promise proves by itself that nothing is left that could settle it.
      if (executeOneTask.constructor.name === 'AsyncFunction') inFlight.promise = executed
      // A rejection means that the SDK keeps the slot for ever: the task then stays in flight here too.
      void executed.then(
        () =>
          safely(() => {
            clock.taskEnded(inFlight)
            clock.progressed()
          }),
        () => undefined,
      )
      return executed
    })
  }
}

function startTask(clock: Clock, runner: SdkTaskRunner, task: SdkTask): StallAgentTask {
  const { execute, leaseExtendEnabled } = runner.worker
  // With extended leases the server does not hold the task to its time-out, so it can't be called stuck by it.
  const timeoutSeconds = leaseExtendEnabled === true ? 0 : (task.responseTimeoutSeconds ?? 0)
  return clock.taskStarted(task.taskId ?? '', {
    responseTimeoutMs: timeoutSeconds > 0 ? timeoutSeconds * 1000 : undefined,
    execute,
    task,
  })
}
