/**
 * The clocks as anybody sees them: the watch thread, the capture thread, the control socket. Reads only; needs neither
 * the main thread nor the watch thread to run.
 */
import type { EndedPoller, TaskInFlight } from '../model/evidence.js'
import type { ClockReading } from '../model/heartbeat.js'
import {
  CLOCK,
  CLOCK_KINDS,
  CLOCK_WORDS,
  clockMemory,
  ENDED,
  ENDED_BYTES,
  ENDED_WITH_PROCESS,
  ENDED_WORDS,
  ERROR_BYTES,
  HEADER,
  NAME_BYTES,
  readText,
  SEEN,
  SEEN_DOUBLES,
  SEEN_HEADER,
  SEEN_TASK,
  SEEN_TASK_DOUBLES,
  TASK,
  TASK_ID_BYTES,
  TASK_WORDS,
  type ClockMemory,
} from './layout.js'
import { monotonicMs } from './monotonic.js'

export { monotonicMs } from './monotonic.js'

/** A reading with what only the thresholds need. */
export interface ObservedClock extends ClockReading {
  /** Tells two uses of one record apart. */
  readonly generation: number
  readonly index: number
  /** `ageMs` less what a declared wait excuses. */
  readonly quietMs: number
  readonly openForMs: number
  /** This clock's own thresholds; 0: the settings'. */
  readonly warnAfterMs: number
  readonly stallAfterMs: number
  /** Not alone: the whole process is about to end, and the main thread says so itself. */
  readonly endedWithProcess: boolean
  /** It has polled at least once. */
  readonly polls: boolean
  /** It sees requests alone: a loop that is lost between two of them goes unnoticed. */
  readonly requestsOnly: boolean
}

export class ClockReader {
  readonly memory: ClockMemory
  private readonly texts = new Map<number, { generation: number; name: string }>()

  constructor(memory: ClockMemory | SharedArrayBuffer) {
    this.memory = memory instanceof SharedArrayBuffer ? clockMemory(memory) : memory
  }

  /** Times the application was asked to end by a signal that it handles. */
  get shutdowns(): number {
    return this.memory.header[HEADER.shutdown] ?? 0
  }

  /** Whether any clock but the event loop's was ever open. */
  get anyLoopSeen(): boolean {
    return (this.memory.header[HEADER.clocks] ?? 0) > 1
  }

  /** Clocks and tasks that found no room. */
  get dropped(): { clocks: number; tasks: number } {
    const { header } = this.memory
    return { clocks: header[HEADER.droppedClocks] ?? 0, tasks: header[HEADER.droppedTasks] ?? 0 }
  }

  /** Open clocks, as of `nowMs` (monotonicMs). A clock that the watch thread has not seen yet is left out. */
  observe(nowMs = monotonicMs()): ObservedClock[] {
    const now = nowMs - (this.memory.seenHeader[SEEN_HEADER.lostMs] ?? 0)
    const found: ObservedClock[] = []
    for (let i = 0; i < (this.memory.header[HEADER.clocks] ?? 0); i++) {
      const clock = this.observeOne(i, now)
      if (clock) found.push(clock)
    }
    return found
  }

  /** The same as plain readings, for evidence and bundles. */
  read(nowMs = monotonicMs()): ClockReading[] {
    return this.observe(nowMs).map(toReading)
  }

  /** Tasks in flight, oldest first. `execute` is null: the function's place is found in the heap (StallAgentTask). */
  readTasks(nowMs = monotonicMs()): TaskInFlight[] {
    const now = nowMs - (this.memory.seenHeader[SEEN_HEADER.lostMs] ?? 0)
    const { tasks, seenTasks, taskIds, header } = this.memory
    const found: TaskInFlight[] = []
    for (let i = 0; i < (header[HEADER.tasks] ?? 0); i++) {
      const at = i * TASK_WORDS
      const generation = tasks[at + TASK.generation] ?? 0
      const seen = i * SEEN_TASK_DOUBLES
      if ((generation & 1) === 0 || seenTasks[seen + SEEN_TASK.generation] !== generation) continue
      const clock = tasks[at + TASK.clock] ?? 0
      found.push({
        clock: this.nameOf(clock, this.memory.clocks[clock * CLOCK_WORDS + CLOCK.generation] ?? 0),
        taskId: readText(taskIds, i * TASK_ID_BYTES, tasks[at + TASK.idBytes] ?? 0),
        ageMs: Math.max(0, now - (seenTasks[seen + SEEN_TASK.movedAtMs] ?? now)),
        responseTimeoutMs: known(tasks[at + TASK.responseTimeoutMs] ?? -1),
        index: i,
        execute: null,
      })
    }
    return found.sort((a, b) => b.ageMs - a.ageMs)
  }

  /** Pollers whose loop is gone, in the order in which that was seen. */
  readEnded(): EndedPoller[] {
    const { ended, endedTexts, header } = this.memory
    const found: EndedPoller[] = []
    for (let i = 0; i < (header[HEADER.ended] ?? 0); i++) {
      const clock = ended[i * ENDED_WORDS + ENDED.clock] ?? 0
      const generation = ended[i * ENDED_WORDS + ENDED.clockGeneration] ?? 0
      const text = readText(endedTexts, i * ENDED_BYTES, ended[i * ENDED_WORDS + ENDED.textBytes] ?? 0)
      found.push({ clock: this.nameOf(clock, generation), ...parseEnded(text) })
    }
    return found
  }

  private observeOne(index: number, now: number): ObservedClock | null {
    const { clocks, seen } = this.memory
    const at = index * CLOCK_WORDS
    const from = index * SEEN_DOUBLES
    const word = (field: number): number => clocks[at + field] ?? 0
    const was = (field: number): number => seen[from + field] ?? 0
    const generation = word(CLOCK.generation)
    if ((generation & 1) === 0 || was(SEEN.generation) !== generation) return null

    const since = (atMs: number): number | null => (atMs < 0 ? null : Math.max(0, now - atMs))
    const ageMs = since(was(SEEN.beatAtMs)) ?? 0
    // The wait holds until the next beat; it excuses the time since it was declared, up to its length.
    const waitHolds = word(CLOCK.waitSequence) !== 0 && word(CLOCK.waitAtBeats) === word(CLOCK.beats)
    const waitedMs = was(SEEN.waitSequence) === word(CLOCK.waitSequence) ? (since(was(SEEN.waitSinceMs)) ?? 0) : 0
    const expectedWaitMs = waitHolds ? Math.max(0, word(CLOCK.waitMs) - waitedMs) : 0
    const excusedMs = waitHolds ? Math.min(word(CLOCK.waitMs), waitedMs) : 0
    const tasks = this.tasksOf(index, now)
    const usual = was(SEEN.usualIntervalMs)
    return {
      name: this.nameOf(index, generation),
      kind: CLOCK_KINDS[word(CLOCK.kind)] ?? 'custom',
      ageMs,
      beats: was(SEEN.beats),
      paused: word(CLOCK.paused) === 1,
      expectedWaitMs,
      inFlightMs: since(was(SEEN.inFlightSinceMs)),
      lastSuccessMs: since(was(SEEN.successAtMs)),
      failuresInRow: word(CLOCK.failuresInRow),
      ...this.lastErrorOf(index, word(CLOCK.failuresInRow), word(CLOCK.errorBytes)),
      slotsInUse: known(word(CLOCK.slotsInUse)),
      slots: known(word(CLOCK.slots)),
      ...tasks,
      usualIntervalMs: usual < 0 ? null : usual,
      ended: word(CLOCK.ended) !== 0,
      endedWithProcess: word(CLOCK.ended) === ENDED_WITH_PROCESS,
      generation,
      index,
      quietMs: Math.max(0, ageMs - excusedMs),
      openForMs: since(was(SEEN.openedAtMs)) ?? 0,
      warnAfterMs: word(CLOCK.warnAfterMs),
      stallAfterMs: word(CLOCK.stallAfterMs),
      polls: word(CLOCK.pollsStarted) !== 0,
      requestsOnly: word(CLOCK.requestsOnly) === 1,
    }
  }

  private tasksOf(
    clock: number,
    now: number,
  ): Pick<ObservedClock, 'oldestTaskMs' | 'responseTimeoutMs' | 'youngestTaskMs'> {
    const { tasks, seenTasks, header } = this.memory
    let oldest: number | null = null
    let youngest: number | null = null
    let timeoutMs: number | null = null
    for (let i = 0; i < (header[HEADER.tasks] ?? 0); i++) {
      const at = i * TASK_WORDS
      const generation = tasks[at + TASK.generation] ?? 0
      if ((generation & 1) === 0 || tasks[at + TASK.clock] !== clock) continue
      const seen = i * SEEN_TASK_DOUBLES
      const isSeen = seenTasks[seen + SEEN_TASK.generation] === generation
      const ageMs = isSeen ? Math.max(0, now - (seenTasks[seen + SEEN_TASK.movedAtMs] ?? now)) : 0
      if (oldest === null || ageMs > oldest) {
        oldest = ageMs
        timeoutMs = known(tasks[at + TASK.responseTimeoutMs] ?? -1)
      }
      if (youngest === null || ageMs < youngest) youngest = ageMs
    }
    return { oldestTaskMs: oldest, responseTimeoutMs: timeoutMs, youngestTaskMs: youngest }
  }

  private lastErrorOf(index: number, failures: number, bytes: number): Pick<ClockReading, 'lastError'> {
    if (failures === 0 || bytes === 0) return {}
    return { lastError: readText(this.memory.errors, index * ERROR_BYTES, bytes) }
  }

  private nameOf(index: number, generation: number): string {
    const cached = this.texts.get(index)
    if (cached?.generation === generation) return cached.name
    const bytes = this.memory.clocks[index * CLOCK_WORDS + CLOCK.nameBytes] ?? 0
    const name = readText(this.memory.names, index * NAME_BYTES, bytes)
    this.texts.set(index, { generation, name })
    return name
  }
}

/** Without the fields that only thresholds need. */
export function toReading(clock: ObservedClock): ClockReading {
  const {
    generation: _g,
    index: _i,
    quietMs: _q,
    openForMs: _o,
    warnAfterMs: _w,
    stallAfterMs: _s,
    polls: _p,
    endedWithProcess: _e,
    ...reading
  } = clock
  return reading
}

function known(value: number): number | null {
  return value < 0 ? null : value
}

function parseEnded(text: string): Omit<EndedPoller, 'clock'> {
  try {
    const { cause, name, message, stack } = JSON.parse(text) as {
      cause: EndedPoller['cause']
      name: string | null
      message: string | null
      stack: string | null
    }
    return { cause, errorName: name, errorMessage: message, errorStack: stack }
  } catch {
    // Cut in the middle by what fits into the record: the beginning is still worth reading.
    return { cause: 'exception', errorName: null, errorMessage: text.slice(0, 500), errorStack: null }
  }
}
