/**
 * Polls of Conductor as seen on the wire, through the diagnostics channels of undici (npm's and Node's own) and of
 * Node's http (SDK 1.x polls through node-fetch): a clock
 * where there is no poller to look into, as with an SDK inside the user's bundle. It is silent while all slots are
 * full, so it counts only while a poll is in flight and is paused otherwise.
 */
import { subscribe } from 'node:diagnostics_channel'
import { errorMonitor } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Clock } from '../../heartbeat/clock.js'
import type { ClockSource } from '../../heartbeat/clock-board.js'
import { safely } from '../guard/safely.js'
import { DECLARED_WAIT_MS } from './poller-beat.js'
import type { SdkEntry } from './sdk-modules.js'

interface WireRequest {
  readonly path?: unknown
}

/** `/api/tasks/poll/batch/TYPE?...`, `/api/tasks/poll/TYPE?...` */
const POLL_PATH = /\/tasks\/poll\/(?:batch\/)?([^/?]+)/
/** What `agents` asks its server first: `/api/agent/start`, `/api/agent/compile`. */
const AGENT_PATH = /\/api\/agents?(?:\/|$)/
/** How long the server may keep it, ms, when it has no task. */
const POLL_TIMEOUT = /[?&]timeout=(\d+)/

export class HttpPolls {
  readonly #clocks: ClockSource
  readonly #byType = new Map<string, Clock>()
  readonly #inFlight = new WeakMap<WireRequest, string>()
  readonly #pollers = new Map<string, ((waitMs: number) => void)[]>()
  readonly #onEntry: (entry: SdkEntry) => void
  readonly #entries = new Set<SdkEntry>()

  /**
   * @param onEntry called once for each entry point of the SDK that shows itself: by a poll of a type that no known
   * poller has, or by a request that only `agents` sends, and sends before it polls
   */
  constructor(clocks: ClockSource, onEntry: (entry: SdkEntry) => void) {
    this.#clocks = clocks
    this.#onEntry = onEntry
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
    subscribe('http.client.request.start', (message) =>
      safely(() => this.#startedHttp((message as { request: ClientRequest }).request)),
    )
    subscribe('http.client.response.finish', (message) =>
      safely(() => this.#answeredHttp(message as { request: ClientRequest; response: IncomingMessage })),
    )
  }

  /** From now on this type has a poller's clock. */
  hasPoller(taskType: string, pollMayTake: (waitMs: number) => void): void {
    this.#pollers.set(taskType, [...(this.#pollers.get(taskType) ?? []), pollMayTake])
    this.#byType.get(taskType)?.dispose()
    this.#byType.delete(taskType)
  }

  #started(request: WireRequest): void {
    if (typeof request.path !== 'string') return
    if (AGENT_PATH.test(request.path)) this.#shows('agents')
    if (!request.path.includes('/tasks/poll/')) return
    const encoded = POLL_PATH.exec(request.path)?.[1]
    if (encoded === undefined) return
    const taskType = decodeURIComponent(encoded)
    const waitMs = Number(POLL_TIMEOUT.exec(request.path)?.[1] ?? 0)
    const beats = this.#pollers.get(taskType)
    if (beats) {
      for (const pollMayTake of beats) pollMayTake(waitMs)
      return
    }
    const clock = this.#byType.get(taskType) ?? this.#open(taskType)
    this.#inFlight.set(request, taskType)
    clock.resume()
    clock.beat()
    clock.pollStarted()
    if (waitMs > DECLARED_WAIT_MS) clock.expectWait(waitMs)
    this.#shows('sdk')
  }

  #shows(entry: SdkEntry): void {
    if (this.#entries.has(entry)) return
    this.#entries.add(entry)
    this.#onEntry(entry)
  }

  #startedHttp(request: ClientRequest): void {
    if (!request.path.includes('/tasks/poll/')) return
    this.#started(request)
    // Not `error`: a listener for that one would keep Node from throwing it.
    request.once(errorMonitor, () => safely(() => this.#ended(request, false)))
  }

  /** Comes with the head. Its end is heard of without taking anything of the body. */
  #answeredHttp({ request, response }: { request: ClientRequest; response: IncomingMessage }): void {
    if (!this.#inFlight.has(request)) return
    response.once('close', () => safely(() => this.#ended(request, response.complete)))
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
    const clock = this.#clocks.open(`conductor:${taskType} (polls on the wire only)`, 'poll-loop', {
      endless: false,
      requestsOnly: true,
    })
    this.#byType.set(taskType, clock)
    return clock
  }
}
