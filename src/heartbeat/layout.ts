/**
 * Where the clocks live in shared memory, so that they can be read while the main thread is blocked.
 *
 * Three writers, each with words of its own, so no word needs a lock: the main thread writes the clock and task
 * records (plain stores, no clock read); the watch thread, which tells the time, writes the `seen` records; nobody
 * else writes. Counters wrap at 32 bits; readers take differences. Times in `seen` are monotonic ms (`process.hrtime`)
 * less the time in which nobody ran.
 */

export const MAX_CLOCKS = 256
export const MAX_TASKS = 1024
export const MAX_ENDED = 8

export const NAME_BYTES = 128
export const TASK_ID_BYTES = 64
export const ENDED_BYTES = 4096
export const ERROR_BYTES = 192

/** Words (Int32) of the header. */
export const HEADER = {
  layout: 0,
  /** Records ever used: how far a reader has to look. */
  clocks: 1,
  tasks: 2,
  ended: 3,
  /** Counts signals that the application itself handles (SIGTERM, SIGINT): its shutdown has begun. */
  shutdown: 4,
  /** Clocks and tasks that found no room. */
  droppedClocks: 5,
  droppedTasks: 6,
  /** Threads of the agent that load a library at this moment; and 1 once the process has begun to end (load-gate.ts). */
  loading: 7,
  ending: 8,
} as const
export const HEADER_WORDS = 16

/** Words (Int32) of a clock, written by the main thread. */
export const CLOCK = {
  /** Odd while in use; changes with each use of the record. */
  generation: 0,
  kind: 1,
  beats: 2,
  paused: 3,
  ended: 4,
  /** The declared wait holds only while `beats` still equals `waitAtBeats`: a beat ends it without another store. */
  waitSequence: 5,
  waitMs: 6,
  waitAtBeats: 7,
  pollsStarted: 8,
  pollsEnded: 9,
  answers: 10,
  failuresInRow: 11,
  /** -1: unknown. */
  slotsInUse: 12,
  slots: 13,
  /** This clock's own thresholds, ms; 0: the settings'. */
  warnAfterMs: 14,
  stallAfterMs: 15,
  nameBytes: 16,
  /** 1: meant to run until disposed; a process that would end before that ends too early. */
  endless: 17,
  /** Of the error of the last failed poll. */
  errorBytes: 18,
  /** 1: sees requests alone; a loop that is lost between two of them leaves it as it is. */
  requestsOnly: 19,
} as const
export const CLOCK_WORDS = 24

/** Values of `CLOCK.ended`; 0: it goes on. */
export const ENDED_ALONE = 1
export const ENDED_WITH_PROCESS = 2

/** Words (Int32) of a task in flight, written by the main thread. */
export const TASK = {
  /** Odd while in use. */
  generation: 0,
  clock: 1,
  /** -1: unknown. */
  responseTimeoutMs: 2,
  /** Counts the task's own updates. */
  updates: 3,
  idBytes: 4,
} as const
export const TASK_WORDS = 8

/** Words (Int32) of a poller that ended. The text is JSON. */
export const ENDED = { clock: 0, clockGeneration: 1, textBytes: 2 } as const
export const ENDED_WORDS = 4

/** Doubles of the watch thread's header. */
export const SEEN_HEADER = {
  /** Monotonic ms of its last turn. */
  turnAtMs: 0,
  /** Time in which nobody ran, ms so far. */
  lostMs: 1,
} as const
export const SEEN_HEADER_DOUBLES = 8

/** Doubles of what the watch thread knows of a clock. -1: never. */
export const SEEN = {
  generation: 0,
  openedAtMs: 1,
  beatsRaw: 2,
  beats: 3,
  beatAtMs: 4,
  usualIntervalMs: 5,
  pollsStarted: 6,
  inFlightSinceMs: 7,
  answers: 8,
  successAtMs: 9,
  waitSequence: 10,
  waitSinceMs: 11,
} as const
export const SEEN_DOUBLES = 12

/** Doubles of what the watch thread knows of a task. */
export const SEEN_TASK = { generation: 0, startedAtMs: 1, updates: 2, movedAtMs: 3 } as const
export const SEEN_TASK_DOUBLES = 4

export const LAYOUT_VERSION = 2

/** Typed views on one shared buffer; index a record by `i * X_WORDS + FIELD`. */
export interface ClockMemory {
  readonly buffer: SharedArrayBuffer
  readonly header: Int32Array
  readonly clocks: Int32Array
  readonly tasks: Int32Array
  readonly ended: Int32Array
  readonly seenHeader: Float64Array
  readonly seen: Float64Array
  readonly seenTasks: Float64Array
  readonly names: Uint8Array
  readonly errors: Uint8Array
  readonly taskIds: Uint8Array
  readonly endedTexts: Uint8Array
}

const SIZES = {
  header: HEADER_WORDS * 4,
  clocks: MAX_CLOCKS * CLOCK_WORDS * 4,
  tasks: MAX_TASKS * TASK_WORDS * 4,
  ended: MAX_ENDED * ENDED_WORDS * 4,
  seenHeader: SEEN_HEADER_DOUBLES * 8,
  seen: MAX_CLOCKS * SEEN_DOUBLES * 8,
  seenTasks: MAX_TASKS * SEEN_TASK_DOUBLES * 8,
  names: MAX_CLOCKS * NAME_BYTES,
  errors: MAX_CLOCKS * ERROR_BYTES,
  taskIds: MAX_TASKS * TASK_ID_BYTES,
  endedTexts: MAX_ENDED * ENDED_BYTES,
} as const

/** About 310 kB of address space; pages that no clock uses are never touched. */
export const CLOCK_MEMORY_BYTES = Object.values(SIZES).reduce((sum, size) => sum + size, 0)

/** Views on the clocks in `buffer`, by default in fresh, zeroed memory. */
export function clockMemory(buffer = new SharedArrayBuffer(CLOCK_MEMORY_BYTES)): ClockMemory {
  let offset = 0
  const next = (sizeBytes: number): number => {
    const at = offset
    offset += sizeBytes
    return at
  }
  return {
    buffer,
    header: new Int32Array(buffer, next(SIZES.header), HEADER_WORDS),
    clocks: new Int32Array(buffer, next(SIZES.clocks), MAX_CLOCKS * CLOCK_WORDS),
    tasks: new Int32Array(buffer, next(SIZES.tasks), MAX_TASKS * TASK_WORDS),
    ended: new Int32Array(buffer, next(SIZES.ended), MAX_ENDED * ENDED_WORDS),
    seenHeader: new Float64Array(buffer, next(SIZES.seenHeader), SEEN_HEADER_DOUBLES),
    seen: new Float64Array(buffer, next(SIZES.seen), MAX_CLOCKS * SEEN_DOUBLES),
    seenTasks: new Float64Array(buffer, next(SIZES.seenTasks), MAX_TASKS * SEEN_TASK_DOUBLES),
    names: new Uint8Array(buffer, next(SIZES.names), MAX_CLOCKS * NAME_BYTES),
    errors: new Uint8Array(buffer, next(SIZES.errors), MAX_CLOCKS * ERROR_BYTES),
    taskIds: new Uint8Array(buffer, next(SIZES.taskIds), MAX_TASKS * TASK_ID_BYTES),
    endedTexts: new Uint8Array(buffer, next(SIZES.endedTexts), MAX_ENDED * ENDED_BYTES),
  }
}

/** Kinds by number, as stored in `CLOCK.kind`. */
export const CLOCK_KINDS = ['poll-loop', 'event-loop', 'custom'] as const

/**
 * Writes text as UTF-8, cut at a character to what fits.
 * @returns the bytes written
 */
export function writeText(bytes: Uint8Array, offset: number, capacity: number, text: string): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset + offset, capacity).write(text, 'utf8')
}

export function readText(bytes: Uint8Array, offset: number, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + offset, length).toString('utf8')
}

/** How far a wrapping 32-bit counter has come. */
export function advance(from: number, to: number): number {
  return (to - from) >>> 0
}
