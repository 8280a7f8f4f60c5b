/**
 * One poll loop as a clock. The loop of SDK 4 (Poller.poll) is always in one of three places: waiting for a poll,
 * waiting for its sleep, or running between the two, which it never does across a turn of the event loop. So a loop
 * found running a turn later is gone: it threw, and somebody swallowed that.
 */
import type { Clock } from '../../heartbeat/clock.js'
import type { ClockSource } from '../../heartbeat/clock-board.js'
import { wasAnswered } from './answer.js'
import type { SdkPoller } from './sdk-types.js'

/** `unknown`: found by way of the health check, or patched while it was polling; so it can't be called gone. */
type Place = 'unknown' | 'polling' | 'sleeping' | 'running' | 'gone'

/** A wait longer than this is declared: neither a poll interval of minutes nor a long poll is a stall. */
export const DECLARED_WAIT_MS = 1000

export class PollerBeat {
  clock: Clock
  readonly #clocks: ClockSource
  readonly #poller: SdkPoller
  #place: Place = 'unknown'
  #checking = false
  #stopped = false

  constructor(clocks: ClockSource, poller: SdkPoller) {
    this.#clocks = clocks
    this.#poller = poller
    this.clock = this.#open()
  }

  get taskType(): string {
    return this.#poller._pollerId
  }

  /** Nobody stopped it, and its loop is between two waits: at the end of a turn of the event loop, gone. */
  get isRunning(): boolean {
    return this.#place === 'running' && this.#poller.polling && !this.#stopped
  }

  /** The loop goes to sleep: once an iteration, in every branch of it. */
  sleeping(ms: number): void {
    this.#reopen()
    this.#place = 'sleeping'
    const { clock } = this
    const { options, _authFailures, _tasksInProcess } = this.#poller
    clock.beat()
    clock.setSlots(_tasksInProcess, options.concurrency ?? 1)
    // Nothing is expected while it is paused, or backs off because its credentials were refused.
    if (options.paused === true || (_authFailures ?? 0) > 0) clock.pause()
    else if (clock.paused) clock.resume()
    if (ms > DECLARED_WAIT_MS) clock.expectWait(ms)
  }

  awake(): void {
    this.#runs()
  }

  pollStarted(): void {
    this.#reopen()
    this.#place = 'polling'
    if (this.clock.paused) this.clock.resume()
    this.clock.pollStarted()
  }

  /** How long the server may keep the poll in flight, as the request itself says. */
  pollMayTake(waitMs: number): void {
    if (this.#place === 'polling' && waitMs > DECLARED_WAIT_MS) this.clock.expectWait(waitMs)
  }

  pollAnswered(): void {
    this.clock.pollAnswered()
    this.#runs()
  }

  pollFailed(error: unknown): void {
    if (wasAnswered(error)) this.clock.pollAnswered()
    else this.clock.pollFailed(error)
    this.#runs()
  }

  stopped(): void {
    this.#stopped = true
    this.clock.dispose()
  }

  /** @param error what the loop's promise rejected with; undefined when that was not seen */
  gone(error?: unknown): void {
    if (this.#place === 'gone') return
    this.#place = 'gone'
    this.clock.ended(error)
  }

  #runs(): void {
    if (this.#place === 'gone') return
    this.#place = 'running'
    if (this.#checking) return
    this.#checking = true
    // The loop continues in a microtask. Unreferenced: our look must not keep the process alive.
    setImmediate(() => {
      this.#checking = false
      if (this.isRunning) this.gone()
    }).unref()
  }

  /** Started again after it was stopped, or after its loop had gone. */
  #reopen(): void {
    if (this.#place === 'gone') this.clock.dispose()
    else if (!this.#stopped) return
    if (!this.#poller.polling) return
    this.#stopped = false
    this.#place = 'unknown'
    this.clock = this.#open()
  }

  #open(): Clock {
    return this.#clocks.open(`conductor:${this.taskType}`, 'poll-loop')
  }
}
