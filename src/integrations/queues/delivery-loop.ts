/**
 * A consumer to which the server pushes its jobs: it never asks, so silence says nothing, and an empty queue is its rest.
 * Its clock is paused then. Something is expected of it in three cases: all of its slots are taken by jobs that it has not
 * acknowledged, so that the server sends no more; the server says that it takes nothing from it for now; or it is lost, no
 * longer a consumer though nobody stopped it.
 */
import type { Clock } from '../../heartbeat/clock.js'
import type { ClockSource } from '../../heartbeat/clock-board.js'
import { Jobs, type Job, type JobInFlight } from './jobs.js'
import { OwnBeat } from './own-beat.js'

export class DeliveryLoop {
  readonly #clock: Clock
  readonly #jobs: Jobs
  readonly #beat = new OwnBeat()
  #inFlight = 0
  /** 0: without a limit. */
  #slots = 0
  #blocked = false
  #lost = false
  #over = false
  #ending: NodeJS.Timeout | null = null

  /** @param taskStallMs how long a job may stand still; 0: ten times what such jobs usually take */
  constructor(clocks: ClockSource, name: string, taskStallMs: number) {
    this.#clock = clocks.open(name, 'poll-loop', { endless: false })
    this.#jobs = new Jobs(name, taskStallMs)
  }

  /** It is a consumer, for the first time or again. @param slots jobs that it may hold at a time; 0: any number */
  consumes(slots: number): void {
    if (this.#lost) this.#clock.progressed()
    this.#found()
    this.#slots = slots
    this.#update()
  }

  begin(job: Job): JobInFlight {
    const { task, end } = this.#jobs.begin(this.#clock, job)
    this.#inFlight++
    this.#update()
    let over = false
    return {
      task,
      end: (done) => {
        if (over) return
        over = true
        end(done)
        this.#inFlight--
        this.#update()
      },
    }
  }

  /** The server takes nothing from it until it says otherwise: what it acknowledges does not count until then. */
  block(reason: string): void {
    if (this.#blocked || this.#lost) return
    this.#blocked = true
    this.#clock.pollStarted()
    this.#clock.pollFailed(new Error(reason))
    this.#update()
  }

  unblock(): void {
    if (!this.#blocked) return
    this.#blocked = false
    this.#clock.progressed()
    this.#update()
  }

  /**
   * It is no consumer any more, and nobody stopped it.
   * @param againMs how long it may take to become one again
   * @param goesOn asked then: whether somebody still tries. If not, this was its end
   */
  lost(error: Error, againMs: number, goesOn: () => boolean): void {
    this.#found()
    this.#lost = true
    this.#blocked = false
    this.#beat.stop()
    this.#clock.resume()
    this.#clock.setSlots(this.#inFlight, -1)
    this.#clock.pollStarted()
    this.#clock.pollFailed(error)
    this.#clock.beat()
    this.#clock.expectWait(againMs)
    this.#ending = setTimeout(() => {
      this.#over = !goesOn()
      if (this.#over) this.#clock.ended(error)
      else this.lost(error, againMs, goesOn)
    }, againMs).unref()
  }

  /** It was called lost for good: whoever consumes now is another loop. */
  get over(): boolean {
    return this.#over
  }

  close(): void {
    this.#found()
    this.#beat.stop()
    this.#clock.dispose()
  }

  #found(): void {
    this.#lost = false
    if (this.#ending !== null) clearTimeout(this.#ending)
    this.#ending = null
  }

  #update(): void {
    if (this.#lost) return
    const clock = this.#clock
    clock.setSlots(this.#inFlight, this.#slots === 0 ? -1 : this.#slots)
    clock.beat()
    if (this.#blocked || (this.#slots > 0 && this.#inFlight >= this.#slots)) {
      clock.resume()
      this.#beat.start(clock)
    } else {
      this.#beat.stop()
      clock.pause()
    }
  }
}
