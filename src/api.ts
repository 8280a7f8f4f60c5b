/// <reference lib="esnext.disposable" preserve="true" />
/**
 * `conductor-stall-agent/api`: heartbeats and captures by hand. No side effect on load; the agent begins with the first
 * heartbeat where it was not preloaded. In worker threads, and with CONDUCTOR_STALL_DISABLED, everything here does
 * nothing.
 */
import { register } from './agent/main-thread/register.js'
import type { CaptureAnswer } from './agent/shared/messages.js'
import { ClockBoard, type ClockOptions } from './heartbeat/clock-board.js'
import type { Clock } from './heartbeat/clock.js'
import { handOverSdk } from './integrations/conductor/sdk-channel.js'

export type { CaptureAnswer } from './agent/shared/messages.js'

export interface HeartbeatOptions {
  /** Silence before evidence is captured, ms; default CONDUCTOR_STALL_WARN_SECONDS. */
  readonly warnAfterMs?: number
  /** Silence before the watchdog ends the process, ms; default CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS. */
  readonly stallAfterMs?: number
  /**
   * It should beat until disposed (the default): a process that would end by itself before that has lost something it
   * waited for, which is an incident, and exit code 70 with the watchdog on. False for a loop that has an end.
   */
  readonly endless?: boolean
}

export interface Heartbeat {
  /** Once an iteration: one store, no allocation, no clock read. */
  (): void
  /** A declared wait of so many ms from now on: no stall until it is over. The next beat ends it. */
  expectWait(waitMs: number): void
  /** Nothing is expected until `resume`. */
  pause(): void
  resume(): void
  /** The loop has come to its end. */
  dispose(): void
  /** The same, for `using beat = heartbeat(...)`. */
  [Symbol.dispose](): void
}

export type HeartbeatControls = Pick<Heartbeat, keyof Heartbeat>

/** A clock of this name, from now on watched. Call what is returned once an iteration. */
export function heartbeat(name: string, options: HeartbeatOptions = {}): Heartbeat {
  const clock = board().open(name, 'custom', { endless: true, ...options } satisfies ClockOptions)
  return Object.assign(() => clock.beat(), controlsOf(clock))
}

/**
 * Wraps an async function that a loop calls again and again, such as one poll: each call is a beat and a request in
 * flight, each answer a success, each rejection a failure. What it returns, throws and is called with stays as it is.
 */
export function instrument<A extends unknown[], R>(
  name: string,
  fn: (...args: A) => Promise<R>,
  options: HeartbeatOptions = {},
): ((...args: A) => Promise<R>) & HeartbeatControls {
  const clock = board().open(name, 'custom', { endless: true, ...options } satisfies ClockOptions)
  const instrumented = function (this: unknown, ...args: A): Promise<R> {
    clock.beat()
    clock.pollStarted()
    const called = fn.apply(this, args)
    // The last call alone, so that calls which never settle do not add up: whoever awaits it is kept with it, and can be
    // named when nothing can settle it any more and the collector has taken the function itself.
    clock.lastCall = called
    // What it rejects with is its caller's: this only hears of it.
    void Promise.resolve(called).then(
      () => clock.pollAnswered(),
      (error: unknown) => clock.pollFailed(error),
    )
    return called
  }
  return Object.assign(instrumented, controlsOf(clock))
}

/**
 * Conductor's SDK inside a bundle (esbuild, webpack, rollup), where it can't be seen by itself: hands over what was
 * imported of it, best before the workers start. `watchConductor(sdk)` after `import * as sdk from
 * '@io-orkes/conductor-javascript'`, or `watchConductor({ Poller, TaskRunner })`. What is no SDK is left alone.
 */
export function watchConductor(sdk: object): void {
  register()
  handOverSdk(sdk)
}

/**
 * An incident now, without a stall. Resolves when the bundle is sealed, or with the `problem` that kept it from being;
 * never rejects.
 */
export async function capture(request: { readonly reason: string }): Promise<CaptureAnswer> {
  return (await register()?.capture(request.reason)) ?? NOT_WATCHED
}

function controlsOf(clock: Clock): HeartbeatControls {
  return {
    expectWait: (waitMs) => clock.expectWait(waitMs),
    pause: () => clock.pause(),
    resume: () => clock.resume(),
    dispose: () => clock.dispose(),
    [Symbol.dispose]: () => clock.dispose(),
  }
}

/** Where nothing is watched, clocks are opened on a board that nobody reads. */
let unwatched: ClockBoard | null = null

function board(): ClockBoard {
  return register()?.board ?? (unwatched ??= new ClockBoard())
}

const NOT_WATCHED: CaptureAnswer = {
  incident: null,
  bundlePath: null,
  verdict: null,
  verdicts: [],
  problem: {
    code: 'ERR_STALL_NOT_ENABLED',
    message: 'the agent does not watch this thread',
    help: 'Preload it (node --require conductor-stall-agent), unset CONDUCTOR_STALL_DISABLED, and call this on the main thread.',
  },
}
