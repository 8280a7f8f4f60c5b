/** What clocks tell of time: each reading says when the last beat was, what is in flight and since when. */
import { formatDuration, plural } from '../../model/amounts.js'
import type { ClockReading } from '../../model/heartbeat.js'
import type { ClockMoment, TimelineMark, TimelineTrack } from '../../model/timeline.js'

/** Shorter silences are the rhythm of a poll loop. */
const LONG_MS = 1000
const MAX_CLOCKS = 50
/** Two readings of one moment differ by what reading took. */
const SAME_MS = 20

/** A track a clock, the longest silent one first. @param readings oldest first */
export function clockTracks(readings: readonly ClockMoment[]): TimelineTrack[] {
  const last = readings.findLast(({ clocks }) => clocks.length > 0)
  if (last === undefined) return []
  return last.clocks
    .toSorted((a, b) => b.ageMs - a.ageMs)
    .slice(0, MAX_CLOCKS)
    .map(({ name }) => ({
      name: `clock ${name}`,
      tid: null,
      isMain: false,
      samples: [],
      marks: marksOf(name, readings),
    }))
}

function marksOf(name: string, readings: readonly ClockMoment[]): TimelineMark[] {
  const known = readings.flatMap(({ atMs, clocks }) => {
    const reading = clocks.find((clock) => clock.name === name)
    return reading === undefined ? [] : [{ atMs, reading }]
  })
  const marks: TimelineMark[] = []
  let before = null as { readonly beats: number; readonly beatAtMs: number } | null
  for (const { atMs, reading } of known) {
    if (before?.beats === reading.beats) continue
    const beatAtMs = atMs - reading.ageMs
    if (before !== null) marks.push(...silence(name, before.beatAtMs, beatAtMs, reading.beats - before.beats))
    const since = before === null ? 'so far' : 'since the one before'
    const count = plural(before === null ? reading.beats : reading.beats - before.beats, 'beat')
    const what = reading.beats === 0 ? `${name} was begun` : `${name} beat (${count} ${since})`
    marks.push({ kind: 'beat', startMs: beatAtMs, endMs: null, text: what })
    before = { beats: reading.beats, beatAtMs }
  }
  const last = known.at(-1)
  if (last === undefined || before === null) return marks
  marks.push(...silence(name, before.beatAtMs, last.atMs, 1))
  marks.push(...pollMarks(name, known))
  return marks
}

/** Between two beats that were seen; with more beats in between nothing is known of a silence. */
function silence(name: string, fromMs: number, toMs: number, beats: number): TimelineMark[] {
  const lastedMs = toMs - fromMs
  if (beats !== 1 || lastedMs < LONG_MS) return []
  const text = `${name} silent for ${formatDuration(lastedMs)}`
  return [{ kind: 'silence', startMs: fromMs, endMs: toMs, text }]
}

function pollMarks(name: string, known: readonly { atMs: number; reading: ClockReading }[]): TimelineMark[] {
  const polls: { startMs: number; endMs: number }[] = []
  const answers: number[] = []
  for (const { atMs, reading } of known) {
    if (reading.inFlightMs !== null) {
      const startMs = atMs - reading.inFlightMs
      const open = polls.at(-1)
      if (open !== undefined && Math.abs(open.startMs - startMs) < SAME_MS) open.endMs = atMs
      else polls.push({ startMs, endMs: atMs })
    }
    if (reading.lastSuccessMs !== null) {
      const answeredMs = atMs - reading.lastSuccessMs
      if (Math.abs((answers.at(-1) ?? -Infinity) - answeredMs) >= SAME_MS) answers.push(answeredMs)
    }
  }
  return [
    ...polls.map(({ startMs, endMs }): TimelineMark => {
      const text = `poll of ${name} in flight for ${formatDuration(endMs - startMs)} at least`
      return { kind: 'poll', startMs, endMs, text }
    }),
    ...answers.map((startMs): TimelineMark => ({
      kind: 'poll',
      startMs,
      endMs: null,
      text: `poll of ${name} was answered`,
    })),
  ]
}
