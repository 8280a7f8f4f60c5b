/**
 * One clock, as the main thread writes it: plain stores into shared memory, no clock read, nothing allocated. The
 * watch thread tells the time when it sees a word change (facts: a plain store 0.25-0.4 ns, `Atomics.store` 8 ns).
 */
import type { ClockKind } from '../model/heartbeat.js'
import { CLOCK, CLOCK_WORDS, ENDED_ALONE, ENDED_WITH_PROCESS } from './layout.js'
import type { StallAgentTask } from './task-in-flight.js'

/** What a clock asks of the board that opened it. */
export interface ClockOwner {
  close(clock: Clock): void
  recordFailure(clock: Clock, error: unknown): void
  recordEnd(clock: Clock, cause: EndCause, error: unknown): void
  startTask(clock: Clock, taskId: string, options: TaskOptions): StallAgentTask
  updateTask(task: StallAgentTask): void
  endTask(task: StallAgentTask): void
}

/** As in the catalogue of verdicts: `ended/exception`, `ended/nothing-alive`. */
export type EndCause = 'exception' | 'nothing-alive'

export interface TaskOptions {
  /** The task's own `responseTimeoutSeconds`, in ms. */
  readonly responseTimeoutMs?: number | undefined
  /** The function that executes it. */
  readonly execute?: object | undefined
  /** The task as the library has it; kept while it is in flight. */
  readonly task?: object | undefined
}

const MAX_INT32 = 0x7fffffff
/** A constant of this module: looked up through the other module's exports it made a beat five times as long. */
const BEATS = CLOCK.beats

/** A number of ms, or a count, as a word; what is no finite number becomes `missing`. */
export function word(value: number | undefined, missing: number): number {
  if (value === undefined || !Number.isFinite(value)) return missing
  return Math.min(Math.max(Math.round(value), 0), MAX_INT32)
}

export class Clock {
  readonly name: string
  readonly kind: ClockKind
  /** Of a function that is called again and again: its last call's promise, kept for whoever waits for it. */
  lastCall: unknown = null
  /** Where its record starts, in words. */
  at: number
  private words: Int32Array
  private readonly owner: ClockOwner
  private open = true

  /** @param words the records of all clocks, of which this one's starts at `at` */
  constructor(owner: ClockOwner, words: Int32Array, at: number, name: string, kind: ClockKind) {
    this.owner = owner
    this.words = words
    this.at = at
    this.name = name
    this.kind = kind
  }

  /** Once an iteration. */
  beat(): void {
    const at = this.at + BEATS
    this.words[at] = (this.words[at] ?? 0) + 1
  }

  /** A poll is on its way. */
  pollStarted(): void {
    this.words[this.at + CLOCK.pollsStarted] = (this.words[this.at + CLOCK.pollsStarted] ?? 0) + 1
  }

  /** The poll in flight was answered; an error status is an answer too. */
  pollAnswered(): void {
    this.words[this.at + CLOCK.pollsEnded] = this.words[this.at + CLOCK.pollsStarted] ?? 0
    this.progressed()
  }

  /** The poll in flight got no answer: refused, reset, timed out, as `error` says. */
  pollFailed(error?: unknown): void {
    if (error !== undefined && this.open) this.owner.recordFailure(this, error)
    this.words[this.at + CLOCK.pollsEnded] = this.words[this.at + CLOCK.pollsStarted] ?? 0
    this.words[this.at + CLOCK.failuresInRow] = (this.words[this.at + CLOCK.failuresInRow] ?? 0) + 1
  }

  /** Counts as an answered poll without having been one: an update that brought the next task, a task that ended. */
  progressed(): void {
    this.words[this.at + CLOCK.answers] = (this.words[this.at + CLOCK.answers] ?? 0) + 1
    this.words[this.at + CLOCK.failuresInRow] = 0
  }

  setSlots(inUse: number, slots: number): void {
    this.words[this.at + CLOCK.slotsInUse] = inUse
    this.words[this.at + CLOCK.slots] = slots
  }

  /** A declared wait of so many ms from now on: no stall until it is over. The next beat ends it. */
  expectWait(waitMs: number): void {
    this.words[this.at + CLOCK.waitMs] = word(waitMs, 0)
    this.words[this.at + CLOCK.waitAtBeats] = this.words[this.at + CLOCK.beats] ?? 0
    this.words[this.at + CLOCK.waitSequence] = (this.words[this.at + CLOCK.waitSequence] ?? 0) + 1
  }

  pause(): void {
    this.words[this.at + CLOCK.paused] = 1
  }

  resume(): void {
    this.words[this.at + CLOCK.paused] = 0
  }

  /** Its loop is gone although nobody stopped it: `error` is what it rejected with, when that was seen. */
  ended(error?: unknown): void {
    this.end('exception', error)
  }

  /** Nothing keeps the process alive any more, and so nothing can settle what its loop waits for. */
  endedWithTheProcess(): void {
    this.end('nothing-alive', undefined)
  }

  get paused(): boolean {
    return this.words[this.at + CLOCK.paused] === 1
  }

  /** Meant to run until disposed. */
  get endless(): boolean {
    return this.words[this.at + CLOCK.endless] === 1
  }

  /** Stopped on purpose: nothing is expected of it any more. Idempotent. */
  dispose(): void {
    if (!this.open) return
    this.open = false
    this.lastCall = null
    this.owner.close(this)
    // The record may soon be another clock's: a late beat of this one goes nowhere.
    this.words = new Int32Array(CLOCK_WORDS)
    this.at = 0
  }

  /** A task is about to be executed. Set the returned task's `promise` once there is one; end it when it settles. */
  taskStarted(taskId: string, options: TaskOptions = {}): StallAgentTask {
    return this.owner.startTask(this, taskId, options)
  }

  /** The task said that it still works (an update, a heartbeat of its own). */
  taskUpdated(task: StallAgentTask): void {
    this.owner.updateTask(task)
  }

  taskEnded(task: StallAgentTask): void {
    this.owner.endTask(task)
  }

  private end(cause: EndCause, error: unknown): void {
    if (!this.open || this.words[this.at + CLOCK.ended] !== 0) return
    this.owner.recordEnd(this, cause, error)
    this.words[this.at + CLOCK.ended] = cause === 'exception' ? ENDED_ALONE : ENDED_WITH_PROCESS
  }
}
