/**
 * The loop of a queue's worker as a clock: it asks for a job, and works on as many at a time as it has slots. While all
 * of them are taken it asks for nothing, and that is as it should be: then our own timer beats for it, and whether the
 * jobs move is what counts.
 */
import type { Clock } from '../../heartbeat/clock.js'
import type { ClockSource } from '../../heartbeat/clock-board.js'
import { safely } from '../guard/safely.js'
import { Jobs, type Job, type JobInFlight } from './jobs.js'
import { Slots } from './slots.js'

/** A wait longer than this is declared. */
const DECLARED_WAIT_MS = 1000

export class QueueLoop {
  readonly #clocks: ClockSource
  readonly #name: string
  readonly #jobs: Jobs
  readonly #slots = new Slots()
  #clock: Clock | null = null

  /** @param taskStallMs how long a job may stand still; 0: ten times what such jobs usually take */
  constructor(clocks: ClockSource, name: string, taskStallMs: number) {
    this.#clocks = clocks
    this.#name = name
    this.#jobs = new Jobs(name, taskStallMs)
  }

  /** One request for a job, which the server may keep for `waitMs` when it has none. */
  ask<T>(slots: number, waitMs: number, run: () => Promise<T>): Promise<T> {
    const clock = safely(() => {
      const open = (this.#clock ??= this.#open())
      if (open.paused) open.resume()
      open.setSlots(this.#slots.inUse, slots)
      open.beat()
      open.pollStarted()
      if (waitMs > DECLARED_WAIT_MS) open.expectWait(waitMs)
      return open
    })
    const asked = run()
    void asked.then(
      () => safely(() => clock?.pollAnswered()),
      (error: unknown) => safely(() => clock?.pollFailed(error)),
    )
    return asked
  }

  /** @param worker what `run` calls: an async function's promise leads a look to where the job is parked */
  work<T>(slots: number, job: Job, run: () => Promise<T>, worker?: object): Promise<T> {
    const begun = safely(() => this.#begin(slots, job))
    const worked = run()
    // Only an async function's promise proves by itself that nothing is left that could settle it.
    if (begun && worker?.constructor.name === 'AsyncFunction') begun.task.promise = worked
    const ended = (): void => safely(() => begun?.end())
    void worked.then(ended, ended)
    return worked
  }

  /** It asks for nothing for so long, and that is as it should be. */
  expectWait(waitMs: number): void {
    this.#clock?.beat()
    this.#clock?.expectWait(waitMs)
  }

  /** It could not even ask, and tries again within `waitMs`. */
  failed(error: unknown, waitMs: number): void {
    const clock = (this.#clock ??= this.#open())
    clock.pollStarted()
    clock.pollFailed(error)
    this.expectWait(waitMs)
  }

  /** It will never ask again, though nobody stopped it. */
  ended(error: unknown): void {
    const clock = (this.#clock ??= this.#open())
    clock.ended(error)
    this.#slots.stop()
  }

  /** Nothing is expected of it until it asks again. */
  pause(): void {
    this.#clock?.pause()
  }

  close(): void {
    this.#clock?.dispose()
    this.#clock = null
    this.#slots.stop()
  }

  #open(): Clock {
    return this.#clocks.open(this.#name, 'poll-loop', { endless: false })
  }

  #begin(slots: number, job: Job): JobInFlight {
    const clock = (this.#clock ??= this.#open())
    const { task, end } = this.#jobs.begin(clock, job)
    this.#slots.changed(clock, 1, slots)
    return {
      task,
      end: () => {
        end()
        this.#slots.changed(clock, -1, slots)
      },
    }
  }
}

/** One loop for each worker of a library, made when it is first seen. */
export class QueueLoops<W extends object> {
  readonly #loops = new WeakMap<W, QueueLoop>()
  readonly #make: (worker: W) => QueueLoop

  constructor(make: (worker: W) => QueueLoop) {
    this.#make = make
  }

  of(worker: W): QueueLoop {
    let loop = this.#loops.get(worker)
    if (loop === undefined) {
      loop = this.#make(worker)
      this.#loops.set(worker, loop)
    }
    return loop
  }
}
