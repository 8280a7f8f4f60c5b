/** A recording as a timeline: its threads as tracks, how long each was idle at a time, and the clocks where there are some. */
import { formatDuration } from '../../model/amounts.js'
import type { StackSample, StackSamples, ThreadSamples } from '../../model/samples.js'
import type { ClockMoment, Timeline, TimelineMark } from '../../model/timeline.js'
import { clockTracks } from './clock-marks.js'

export interface RecordingFacts {
  readonly title: string
  readonly process: string
  readonly pid: number
  /** Wall clock of the first sample, ms since the epoch. */
  readonly startedAtMs: number
  /** On the recording's own time; empty without an agent in the process. */
  readonly clocks: readonly ClockMoment[]
}

/** A thread that waits shorter than this is between two pieces of work. */
const LONG_MS = 1000

export function recordingTimeline(recorded: StackSamples, facts: RecordingFacts): Timeline {
  const { samples, workers = [], missed } = recorded
  const last = Math.max(0, ...[samples, ...workers.map((worker) => worker.samples)].map((own) => own.at(-1)?.atMs ?? 0))
  // A clock's last beat may have been before the first sample.
  const tracks = clockTracks(facts.clocks)
  const beforeMs = Math.max(0, ...tracks.flatMap(({ marks }) => marks.map(({ startMs }) => -startMs)))
  const later = (own: readonly StackSample[]): StackSample[] =>
    own.map(({ atMs, frames }) => ({ atMs: atMs + beforeMs, frames }))
  const track = (name: string, tid: number, isMain: boolean, own: readonly StackSample[]) => {
    const moved = later(own)
    return { name, tid, isMain, samples: moved, marks: idleMarks(moved) }
  }
  const recording: TimelineMark = {
    kind: 'capture',
    startMs: beforeMs,
    endMs: beforeMs + last,
    text: `recording by ${recorded.engine}, ${missed} turns missed`,
  }
  return {
    title: facts.title,
    process: facts.process,
    pid: facts.pid,
    startedAtMs: facts.startedAtMs - beforeMs,
    durationMs: beforeMs + last,
    intervalMs: samples.length > 1 ? last / (samples.length - 1) : 1,
    tracks: [
      track('main thread', facts.pid, true, samples),
      ...workers.map((worker) => track(nameOf(worker), worker.tid, false, worker.samples)),
      ...tracks.map((each) => ({ ...each, marks: each.marks.map((mark) => movedMark(mark, beforeMs)) })),
      { name: 'recording', tid: null, isMain: false, samples: [], marks: [recording] },
    ],
    notes: missed > 0 ? [`${missed} turns were missed: the machine or the process was busy.`] : [],
  }
}

function nameOf({ tid, process }: ThreadSamples): string {
  const thread = process === undefined || process.pid !== tid ? `worker thread ${tid}` : 'main thread'
  return process === undefined ? thread : `${thread} of ${process.pid} ${process.command}`
}

function movedMark(mark: TimelineMark, byMs: number): TimelineMark {
  return { ...mark, startMs: mark.startMs + byMs, endMs: mark.endMs === null ? null : mark.endMs + byMs }
}

function idleMarks(samples: readonly StackSample[]): TimelineMark[] {
  const marks: TimelineMark[] = []
  let sinceMs: number | null = null
  const close = (endMs: number): void => {
    if (sinceMs !== null && endMs - sinceMs >= LONG_MS) {
      marks.push({ kind: 'wait', startMs: sinceMs, endMs, text: `idle for ${formatDuration(endMs - sinceMs)}` })
    }
    sinceMs = null
  }
  for (const { atMs, frames } of samples) {
    if (frames.length === 1 && frames[0]?.function === '(idle)') sinceMs ??= atMs
    else close(atMs)
  }
  close(samples.at(-1)?.atMs ?? 0)
  return marks
}
