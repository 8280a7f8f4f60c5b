/**
 * Polls of Conductor as seen on the wire, through the diagnostics channels of undici (npm's and Node's own): a clock
 * where there is no poller to look into, as with an SDK inside the user's bundle. It is silent while all slots are
 * full, so it counts only while a poll is in flight and is paused otherwise.
 */
import { subscribe } from 'node:diagnostics_channel'
import type { Clock } from '../../heartbeat/clock.js'
import type { ClockSource } from '../../heartbeat/clock-board.js'
import { safely } from '../guard/safely.js'
import { DECLARED_WAIT_MS, type PollerBeat } from './poller-beat.js'

interface WireRequest {
  readonly path?: unknown
}

/** `/api/tasks/poll/batch/TYPE?...`, `/api/tasks/poll/TYPE?...` */
const POLL_PATH = /\/tasks\/poll\/(?:batch\/)?([^/?]+)/
/** How long the server may keep it, ms, when it has no task. */
const POLL_TIMEOUT = /[?&]timeout=(\d+)/

export class HttpPolls {
  readonly #clocks: ClockSource
  readonly #byType = new Map<string, Clock>()
  readonly #inFlight = new WeakMap<WireRequest, string>()
  readonly #pollers = new Map<string, PollerBeat[]>()
  #onFirstPoll: (() => void) | null

  /** @param onFirstPoll called once, with the first poll of a type that no known poller has */
  constructor(clocks: ClockSource, onFirstPoll: () => void) {
    this.#clocks = clocks
    this.#onFirstPoll = onFirstPoll
  }

  subscribe(): void {
    const on = (channel: string, action: (request: WireRequest) => void): void =>
      subscribe(`undici:request:${channel}`, (message) =>
        safely(() => action((message as { request: WireRequest }).request)),
      )
    on('create', (request) => this.#started(request))
    // The end of the body: a head without one is no answer.
    on('trailers', (request) => this.#ended(request, true))
    on('error', (request) => this.#ended(request, false))
  }

  /** From now on this type has a poller's clock. */
  hasPoller(beat: PollerBeat): void {
    const { taskType } = beat
    this.#pollers.set(taskType, [...(this.#pollers.get(taskType) ?? []), beat])
    this.#byType.get(taskType)?.dispose()
    this.#byType.delete(taskType)
  }

  #started(request: WireRequest): void {
    if (typeof request.path !== 'string' || !request.path.includes('/tasks/poll/')) return
    const encoded = POLL_PATH.exec(request.path)?.[1]
    if (encoded === undefined) return
    const taskType = decodeURIComponent(encoded)
    const waitMs = Number(POLL_TIMEOUT.exec(request.path)?.[1] ?? 0)
    const beats = this.#pollers.get(taskType)
    if (beats) {
      for (const beat of beats) beat.pollMayTake(waitMs)
      return
    }
    const clock = this.#byType.get(taskType) ?? this.#open(taskType)
    this.#inFlight.set(request, taskType)
    clock.resume()
    clock.beat()
    clock.pollStarted()
    if (waitMs > DECLARED_WAIT_MS) clock.expectWait(waitMs)
    this.#onFirstPoll?.()
    this.#onFirstPoll = null
  }

  #ended(request: WireRequest, answered: boolean): void {
    const taskType = this.#inFlight.get(request)
    const clock = taskType === undefined ? undefined : this.#byType.get(taskType)
    if (!clock) return
    this.#inFlight.delete(request)
    if (answered) clock.pollAnswered()
    else clock.pollFailed()
    clock.pause()
  }

  #open(taskType: string): Clock {
    const clock = this.#clocks.open(`conductor:${taskType} (polls on the wire only)`, 'poll-loop', { endless: false })
    this.#byType.set(taskType, clock)
    return clock
  }
}
