/**
 * The watch thread's side: it tells the time. Each turn compares the words that the main thread stores with those of
 * the last turn, and notes when they changed. What it notes lies in shared memory too, so that the capture thread reads
 * the same ages (clock-reader.ts).
 *
 * Ages are exact to one turn. Time given to it is monotonic ms less the time in which nobody ran.
 */
import {
  advance,
  CLOCK,
  CLOCK_WORDS,
  HEADER,
  SEEN,
  SEEN_DOUBLES,
  SEEN_HEADER,
  SEEN_TASK,
  SEEN_TASK_DOUBLES,
  TASK,
  TASK_WORDS,
  type ClockMemory,
} from './layout.js'

/** Weight of the newest interval in the moving average. */
const NEWEST = 0.2

/**
 * @param nowMs monotonic, as `process.hrtime` counts, in ms
 * @param lostMs time so far in which nobody ran
 */
export function observeClocks(memory: ClockMemory, nowMs: number, lostMs: number): void {
  const now = nowMs - lostMs
  memory.seenHeader[SEEN_HEADER.turnAtMs] = nowMs
  memory.seenHeader[SEEN_HEADER.lostMs] = lostMs
  for (let i = 0; i < (memory.header[HEADER.clocks] ?? 0); i++) observeClock(memory, i, now)
  for (let i = 0; i < (memory.header[HEADER.tasks] ?? 0); i++) observeTask(memory, i, now)
}

function observeClock(memory: ClockMemory, index: number, now: number): void {
  const { clocks, seen } = memory
  const at = index * CLOCK_WORDS
  const to = index * SEEN_DOUBLES
  const word = (field: number): number => clocks[at + field] ?? 0
  const was = (field: number): number => seen[to + field] ?? 0
  const note = (field: number, value: number): void => {
    seen[to + field] = value
  }

  const generation = word(CLOCK.generation)
  if (was(SEEN.generation) !== generation) {
    note(SEEN.openedAtMs, now)
    note(SEEN.beats, word(CLOCK.beats) >>> 0)
    note(SEEN.beatsRaw, word(CLOCK.beats))
    note(SEEN.beatAtMs, now)
    note(SEEN.usualIntervalMs, -1)
    note(SEEN.pollsStarted, word(CLOCK.pollsStarted))
    note(SEEN.inFlightSinceMs, inFlight(word) ? now : -1)
    note(SEEN.answers, word(CLOCK.answers))
    note(SEEN.successAtMs, word(CLOCK.answers) === 0 ? -1 : now)
    note(SEEN.waitSequence, 0)
    note(SEEN.waitSinceMs, now)
    note(SEEN.generation, generation)
  }
  if ((generation & 1) === 0) return

  const beats = advance(was(SEEN.beatsRaw), word(CLOCK.beats))
  if (beats > 0) {
    const intervalMs = (now - was(SEEN.beatAtMs)) / beats
    const usual = was(SEEN.usualIntervalMs)
    note(SEEN.usualIntervalMs, usual < 0 ? intervalMs : usual + (intervalMs - usual) * NEWEST)
    note(SEEN.beats, was(SEEN.beats) + beats)
    note(SEEN.beatsRaw, word(CLOCK.beats))
    note(SEEN.beatAtMs, now)
  }
  if (word(CLOCK.paused) === 1) {
    // Nothing is expected of it: when it resumes, its silence and its time without an answer begin anew.
    note(SEEN.beatAtMs, now)
    if (was(SEEN.successAtMs) >= 0) note(SEEN.successAtMs, now)
    else note(SEEN.openedAtMs, now)
  }

  if (!inFlight(word)) note(SEEN.inFlightSinceMs, -1)
  else if (was(SEEN.inFlightSinceMs) < 0 || was(SEEN.pollsStarted) !== word(CLOCK.pollsStarted)) {
    note(SEEN.inFlightSinceMs, now)
  }
  note(SEEN.pollsStarted, word(CLOCK.pollsStarted))

  if (was(SEEN.answers) !== word(CLOCK.answers)) {
    note(SEEN.answers, word(CLOCK.answers))
    note(SEEN.successAtMs, now)
  }
  if (was(SEEN.waitSequence) !== word(CLOCK.waitSequence)) {
    note(SEEN.waitSequence, word(CLOCK.waitSequence))
    note(SEEN.waitSinceMs, now)
  }
}

function observeTask(memory: ClockMemory, index: number, now: number): void {
  const { tasks, seenTasks } = memory
  const at = index * TASK_WORDS
  const to = index * SEEN_TASK_DOUBLES
  const generation = tasks[at + TASK.generation] ?? 0
  const updates = tasks[at + TASK.updates] ?? 0
  if (seenTasks[to + SEEN_TASK.generation] !== generation) {
    seenTasks[to + SEEN_TASK.startedAtMs] = now
    seenTasks[to + SEEN_TASK.movedAtMs] = now
    seenTasks[to + SEEN_TASK.updates] = updates
    seenTasks[to + SEEN_TASK.generation] = generation
  } else if (seenTasks[to + SEEN_TASK.updates] !== updates) {
    seenTasks[to + SEEN_TASK.updates] = updates
    seenTasks[to + SEEN_TASK.movedAtMs] = now
  }
}

function inFlight(word: (field: number) => number): boolean {
  return word(CLOCK.pollsStarted) !== word(CLOCK.pollsEnded)
}
