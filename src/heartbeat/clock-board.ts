/** All clocks of a process, as its main thread opens and closes them. Never throws: without room a clock is a dummy. */
import { format } from 'node:util'
import type { ClockKind } from '../model/heartbeat.js'
import { Clock, word, type ClockOwner, type EndCause, type TaskOptions } from './clock.js'
import {
  CLOCK,
  CLOCK_KINDS,
  CLOCK_WORDS,
  clockMemory,
  ENDED,
  ENDED_BYTES,
  ENDED_WORDS,
  ERROR_BYTES,
  HEADER,
  LAYOUT_VERSION,
  MAX_CLOCKS,
  MAX_ENDED,
  MAX_TASKS,
  NAME_BYTES,
  TASK,
  TASK_ID_BYTES,
  TASK_WORDS,
  writeText,
  type ClockMemory,
} from './layout.js'
import { StallAgentTask } from './task-in-flight.js'

export interface ClockOptions {
  /** Silence before evidence is captured; default the settings'. */
  readonly warnAfterMs?: number | undefined
  /** Silence before the watchdog acts; default the settings'. */
  readonly stallAfterMs?: number | undefined
  /** Meant to run until disposed; default true for a poll loop. */
  readonly endless?: boolean | undefined
  /** It sees requests alone: a loop that is lost between two of them goes unnoticed. */
  readonly requestsOnly?: boolean | undefined
}

/** What integrations get: they open clocks, and clocks do the rest. */
export interface ClockSource {
  open(name: string, kind: ClockKind, options?: ClockOptions): Clock
}

export class ClockBoard implements ClockSource, ClockOwner {
  readonly memory: ClockMemory
  /** Tasks in flight, by record: what keeps them reachable. */
  readonly tasks: (StallAgentTask | null)[] = []
  private readonly live = new Map<string, Clock>()
  private readonly freeClocks: number[] = []
  private readonly freeTasks: number[] = []
  private readonly onFirstClock: () => void
  private started = false

  /** @param onFirstClock called once, when the first clock other than the event loop's opens */
  constructor(onFirstClock: () => void = () => {}) {
    this.memory = clockMemory()
    this.memory.header[HEADER.layout] = LAYOUT_VERSION
    this.onFirstClock = onFirstClock
  }

  open(name: string, kind: ClockKind, options: ClockOptions = {}): Clock {
    const index = this.takeClock()
    // A second clock of the same name is told apart by a number, or a reader could not say which one is silent.
    let unique = name
    for (let n = 2; this.live.has(unique); n++) unique = `${name}#${n}`
    if (index < 0) return new Clock(this, new Int32Array(CLOCK_WORDS), 0, unique, kind)
    const { clocks, names } = this.memory
    const at = index * CLOCK_WORDS
    const generation = clocks[at + CLOCK.generation] ?? 0
    clocks.fill(0, at, at + CLOCK_WORDS)
    clocks[at + CLOCK.generation] = generation
    clocks[at + CLOCK.kind] = CLOCK_KINDS.indexOf(kind)
    clocks[at + CLOCK.slotsInUse] = -1
    clocks[at + CLOCK.slots] = -1
    clocks[at + CLOCK.warnAfterMs] = word(options.warnAfterMs, 0)
    clocks[at + CLOCK.stallAfterMs] = word(options.stallAfterMs, 0)
    clocks[at + CLOCK.endless] = (options.endless ?? kind === 'poll-loop') ? 1 : 0
    clocks[at + CLOCK.requestsOnly] = options.requestsOnly === true ? 1 : 0
    clocks[at + CLOCK.nameBytes] = writeText(names, index * NAME_BYTES, NAME_BYTES, unique)
    // Last: a reader takes an odd generation for a finished record.
    clocks[at + CLOCK.generation] = generation + 1
    if (!this.started && kind !== 'event-loop') {
      this.started = true
      this.onFirstClock()
    }
    const clock = new Clock(this, clocks, at, unique, kind)
    this.live.set(unique, clock)
    return clock
  }

  /** Clocks that were meant to run until disposed, and are neither disposed nor paused. */
  unfinished(): Clock[] {
    return [...this.live.values()].filter((clock) => clock.endless && !clock.paused)
  }

  /** The application handles a signal that asks it to end. */
  noteShutdown(): void {
    this.memory.header[HEADER.shutdown] = (this.memory.header[HEADER.shutdown] ?? 0) + 1
  }

  close(clock: Clock): void {
    if (!this.owns(clock)) return
    this.live.delete(clock.name)
    const { clocks } = this.memory
    clocks[clock.at + CLOCK.generation] = (clocks[clock.at + CLOCK.generation] ?? 0) + 1
    this.freeClocks.push(clock.at / CLOCK_WORDS)
  }

  /** Kept as text: what failed last says more than how often. */
  recordFailure(clock: Clock, error: unknown): void {
    if (!this.owns(clock)) return
    const { clocks, errors } = this.memory
    const { name, message } = describeError(error, 0)
    const cause = describeError(causeOf(error), 0).message
    const text = withoutSecrets([name, message, cause].filter((part) => part !== null && part !== '').join(': '))
    const index = clock.at / CLOCK_WORDS
    clocks[clock.at + CLOCK.errorBytes] = writeText(errors, index * ERROR_BYTES, ERROR_BYTES, text)
  }

  recordEnd(clock: Clock, cause: EndCause, error: unknown): void {
    if (!this.owns(clock)) return
    const { header, ended, endedTexts, clocks } = this.memory
    // The first ones tell most: what follows is often their consequence.
    const index = header[HEADER.ended] ?? 0
    if (index >= MAX_ENDED) return
    let text = JSON.stringify({ cause, ...describeError(error, STACK_CHARACTERS) })
    if (Buffer.byteLength(text) > ENDED_BYTES) text = JSON.stringify({ cause, ...describeError(error, 0) })
    ended[index * ENDED_WORDS + ENDED.clock] = clock.at / CLOCK_WORDS
    ended[index * ENDED_WORDS + ENDED.clockGeneration] = clocks[clock.at + CLOCK.generation] ?? 0
    ended[index * ENDED_WORDS + ENDED.textBytes] = writeText(endedTexts, index * ENDED_BYTES, ENDED_BYTES, text)
    header[HEADER.ended] = index + 1
  }

  startTask(clock: Clock, taskId: string, options: TaskOptions): StallAgentTask {
    const index = this.owns(clock) ? this.takeTask() : -1
    const task = new StallAgentTask(taskId, index, options.execute ?? null, options.task ?? null)
    if (index < 0) return task
    const { tasks, taskIds } = this.memory
    const at = index * TASK_WORDS
    tasks[at + TASK.clock] = clock.at / CLOCK_WORDS
    tasks[at + TASK.responseTimeoutMs] = word(options.responseTimeoutMs, -1)
    tasks[at + TASK.updates] = 0
    tasks[at + TASK.idBytes] = writeText(taskIds, index * TASK_ID_BYTES, TASK_ID_BYTES, taskId)
    tasks[at + TASK.generation] = (tasks[at + TASK.generation] ?? 0) + 1
    this.tasks[index] = task
    return task
  }

  updateTask(task: StallAgentTask): void {
    if (this.tasks[task.index] !== task) return
    const at = task.index * TASK_WORDS + TASK.updates
    this.memory.tasks[at] = (this.memory.tasks[at] ?? 0) + 1
  }

  endTask(task: StallAgentTask): void {
    if (this.tasks[task.index] !== task) return
    this.tasks[task.index] = null
    const at = task.index * TASK_WORDS + TASK.generation
    this.memory.tasks[at] = (this.memory.tasks[at] ?? 0) + 1
    this.freeTasks.push(task.index)
  }

  private owns(clock: Clock): boolean {
    return this.live.get(clock.name) === clock
  }

  private takeClock(): number {
    const free = this.freeClocks.pop()
    if (free !== undefined) return free
    return this.extend(HEADER.clocks, MAX_CLOCKS, HEADER.droppedClocks)
  }

  private takeTask(): number {
    const free = this.freeTasks.pop()
    if (free !== undefined) return free
    return this.extend(HEADER.tasks, MAX_TASKS, HEADER.droppedTasks)
  }

  private extend(used: number, capacity: number, dropped: number): number {
    const { header } = this.memory
    const index = header[used] ?? 0
    if (index >= capacity) {
      header[dropped] = (header[dropped] ?? 0) + 1
      return -1
    }
    header[used] = index + 1
    return index
  }
}

// In the worst case 6 bytes a character, as JSON escapes control characters.
const MESSAGE_CHARACTERS = 500
const STACK_CHARACTERS = 2500

interface ErrorText {
  readonly name: string | null
  readonly message: string | null
  readonly stack: string | null
}

/** Bounded and never throwing: `error` may be anything, with getters that throw. */
function describeError(error: unknown, stackCharacters: number): ErrorText {
  try {
    if (error === undefined) return { name: null, message: null, stack: null }
    if (typeof error !== 'object' || error === null) {
      // `format` takes whatever was thrown: a string, a symbol, a function.
      return { name: null, message: format('%s', error).slice(0, MESSAGE_CHARACTERS), stack: null }
    }
    const { name, message, stack } = error as { name?: unknown; message?: unknown; stack?: unknown }
    return {
      name: textOf(name, 100),
      message: textOf(message, MESSAGE_CHARACTERS),
      stack: textOf(stack, stackCharacters),
    }
  } catch {
    return { name: null, message: 'an error that could not be read', stack: null }
  }
}

/** Of URLs in it: their credentials and queries. */
function withoutSecrets(text: string): string {
  return text.replace(/(\w:\/\/)[^\s/@]{1,200}@/g, '$1').replace(/\?[^\s'"]{1,2000}/g, '')
}

/** `fetch failed` says nothing without it. */
function causeOf(error: unknown): unknown {
  try {
    return typeof error === 'object' && error !== null ? (error as { cause?: unknown }).cause : undefined
  } catch {
    // A getter that throws: then without.
    return undefined
  }
}

function textOf(value: unknown, characters: number): string | null {
  return typeof value === 'string' ? value.slice(0, characters) : null
}
