/**
 * An incident as a timeline: every thread that was looked at, every clock, and the capture itself as tracks. Looks, clocks
 * and samples have times of one monotonic clock; where the wall's begins on it is told by when the silence was noticed.
 */
import { formatDuration, plural } from '../../model/amounts.js'
import type { AwaitNode } from '../../model/await.js'
import type { Look } from '../../model/evidence.js'
import type { ClockReading } from '../../model/heartbeat.js'
import type { StackSample, StackSamples } from '../../model/samples.js'
import type { Timeline, TimelineMark, TimelineTrack } from '../../model/timeline.js'
import { verdictName } from '../../report/dump-text.js'
import { noticedAgo } from '../../report/last-minutes.js'
import { frameLine } from '../../report/places.js'
import { profileDoubt } from '../../report/profile-doubt.js'
import type { ReportedIncident } from '../../report/reported-incident.js'
import { stallSentence } from '../../report/stall-text.js'
import { waitText } from '../../report/wait/wait-text.js'
import { attempt } from '../attempt.js'
import { clockTracks } from './clock-marks.js'
import { idle } from './idle.js'

const MAX_THREADS = 100
const MAX_WAITS = 500
const MAX_TASKS = 200
/** A wait that is shorter is how workers live. */
const LONG_MS = 1000

/**
 * What of the evidence is not as it should be costs its own tracks or marks: a bundle may come from anywhere.
 *
 * @param profile V8's CPU profile of the bundle; null without one
 */
export function incidentTimeline(incident: ReportedIncident, profile: StackSamples | null): Timeline {
  const { manifest, evidence } = incident
  const looks = evidence?.looks ?? []
  const endMs = looks.at(-1)?.takenAtMs ?? 0
  const samples = placed(evidence?.samples ?? null, looks, 0)
  const v8 = placed(profile, looks, looks.length - 1)
  // The beginning is the earliest thing that is known.
  const readings = looks.length === 0 ? [{ takenAtMs: endMs, clocks: manifest.clocks }] : looks
  const beginMs = earliest([
    [endMs, samples[0]?.atMs ?? endMs],
    looks.map(({ takenAtMs }) => takenAtMs),
    readings.flatMap((look) => (look.clocks ?? []).map((clock) => look.takenAtMs - longestAge(clock))),
    (evidence?.tasks ?? []).map(({ ageMs }) => endMs - ageMs),
    attempt(() => longWaits(looks.at(-1)), []).map(({ forMs }) => endMs - forMs),
  ])
  const on = (ms: number): number => ms - beginMs
  const wallOfEnd = wallAtLastLook(incident)
  const sealedMs = endMs + Math.max(0, Date.parse(manifest.sealedAt) - wallOfEnd || 0)
  const lastMs = Math.max(sealedMs, v8.at(-1)?.atMs ?? 0, samples.at(-1)?.atMs ?? 0)
  const captureMarks = attempt(() => marksOfCapture(incident, { on, wallOfEnd, endMs, sealedMs, samples, v8 }), [])
  const [main] = manifest.verdicts
  const doubt = main === undefined ? null : attempt(() => profileDoubt(evidence, main), null)
  const { process } = manifest
  return {
    title: `${main === undefined ? 'No verdict' : verdictName(main)} · pid ${process.pid} on ${process.hostname} · ${manifest.createdAt}`,
    process: process.argv.join(' '),
    pid: process.pid,
    startedAtMs: wallOfEnd - on(endMs),
    durationMs: on(lastMs),
    intervalMs: 1,
    tracks: [
      ...threadTracks(incident, samples.map(moved(on)), on),
      ...(v8.length === 0
        ? []
        : [{ name: 'CPU profile by V8', tid: null, isMain: false, samples: v8.map(moved(on)), marks: [] }]),
      ...clockTracks(readings.map((look) => ({ atMs: on(look.takenAtMs), clocks: look.clocks ?? [] }))),
      { name: 'capture', tid: null, isMain: false, samples: [], marks: captureMarks },
    ],
    notes: [
      ...(main === undefined ? [] : [main.summary, ...(doubt === null ? [] : [doubt])]),
      ...manifest.missing.map(({ name, message }) => `${name} is missing: ${message}`),
    ],
  }
}

function longestAge({ ageMs, lastSuccessMs, inFlightMs }: ClockReading): number {
  return Math.max(ageMs, lastSuccessMs ?? 0, inFlightMs ?? 0)
}

/** One by one: as arguments of `Math.min` a hundred thousand are too many. */
function earliest(times: readonly (readonly number[])[]): number {
  return times.flat().reduce((least, each) => Math.min(least, each))
}

function moved(on: (ms: number) => number): (sample: StackSample) => StackSample {
  return ({ atMs, frames }) => ({ atMs: on(atMs), frames })
}

/** Samples with monotonic times. Older bundles do not say when they began: after that look. */
function placed(samples: StackSamples | null, looks: readonly Look[], after: number): readonly StackSample[] {
  if (samples === null) return []
  const lookMs = looks[after]?.takenAtMs ?? 0
  const { startedAtMs = lookMs } = samples
  // Another machine's clock, or no number at all: a bundle may come from anywhere.
  const fromMs = Math.abs(startedAtMs - lookMs) < 600_000 ? startedAtMs : lookMs
  return samples.samples.map(({ atMs, frames }) => ({ atMs: fromMs + atMs, frames }))
}

/** Wall clock of the last look, ms since the epoch. */
function wallAtLastLook({ manifest, evidence }: ReportedIncident): number {
  const looks = evidence?.looks ?? []
  const agoMs = noticedAgo(manifest.stall, looks.at(-1)?.clocks ?? manifest.clocks)
  if (agoMs !== null && manifest.stall !== null) return manifest.stall.noticedAt + agoMs
  const createdMs = Date.parse(manifest.createdAt) || 0
  return createdMs + ((looks.at(-1)?.takenAtMs ?? 0) - (looks[0]?.takenAtMs ?? 0))
}

function threadTracks(
  { evidence, manifest }: ReportedIncident,
  samples: readonly StackSample[],
  on: (ms: number) => number,
): TimelineTrack[] {
  const looks = evidence?.looks ?? []
  const seen = new Map<number, { name: string; isMain: boolean; samples: StackSample[]; marks: TimelineMark[] }>()
  for (const look of looks) {
    const atMs = on(look.takenAtMs)
    for (const thread of look.threads ?? []) {
      const isMain = thread.role === 'main'
      const name = isMain ? 'main thread' : `${thread.role} ${thread.name}`
      const track = seen.get(thread.tid) ?? { name, isMain, samples: [], marks: [] }
      seen.set(thread.tid, track)
      if (thread.frames.length > 0) track.samples.push({ atMs, frames: thread.frames })
      else if (thread.state === 'idle') track.samples.push({ atMs, frames: [idle()] })
      const call = typeof thread.syscall === 'object' ? (thread.syscall?.name ?? null) : null
      const facts = [thread.state, thread.vmState, call, thread.wchan].filter(Boolean)
      track.marks.push({ kind: 'thread', startMs: atMs, endMs: null, text: facts.join(', ') })
    }
  }
  // The main thread is always there, with what waits on it.
  const pid = manifest.process.pid
  const main = [...seen].find(([, track]) => track.isMain)?.[1] ?? {
    name: 'main thread',
    isMain: true,
    samples: [],
    marks: [],
  }
  if (![...seen.values()].includes(main)) seen.set(pid, main)
  main.samples.push(...samples)
  main.marks.push(...attempt(() => waitMarks(looks.at(-1), manifest.process.cwd, on), []))
  main.marks.push(...attempt(() => taskMarks(evidence, on), []))
  return [...seen]
    .sort(([, a], [, b]) => Number(b.isMain) - Number(a.isMain) || b.samples.length - a.samples.length)
    .slice(0, MAX_THREADS)
    .map(([tid, track]) => ({ ...track, tid, samples: track.samples.toSorted((a, b) => a.atMs - b.atMs) }))
}

/** Awaits that last, the innermost functions: those above them wait for them. */
function longWaits(look: Look | undefined): { node: AwaitNode; forMs: number }[] {
  return (look?.awaits?.awaits ?? [])
    .flatMap((node) => {
      const forMs = Math.max(node.waitsFor?.sinceMs ?? 0, node.seenMs ?? 0)
      return node.waitsFor === null || node.waitsFor?.kind === 'await' || !(forMs >= LONG_MS) ? [] : [{ node, forMs }]
    })
    .toSorted((a, b) => b.forMs - a.forMs)
    .slice(0, MAX_WAITS)
}

function waitMarks(look: Look | undefined, cwd: string | null, on: (ms: number) => number): TimelineMark[] {
  if (look === undefined) return []
  return longWaits(look).map(({ node, forMs }) => {
    const place = frameLine({ ...node, tier: null, async: false, native: false }, cwd)
    const times = node.count > 1 ? `${node.count} times ` : ''
    const waits = node.waitsFor === null ? '' : ` waits for ${waitText(node.waitsFor)}`
    const startMs = on(look.takenAtMs - forMs)
    return { kind: 'wait', startMs, endMs: on(look.takenAtMs), text: `${times}${place}${waits}` }
  })
}

function taskMarks(evidence: ReportedIncident['evidence'], on: (ms: number) => number): TimelineMark[] {
  const endMs = evidence?.looks.at(-1)?.takenAtMs
  if (endMs === undefined) return []
  return (evidence?.tasks ?? []).slice(0, MAX_TASKS).map(({ taskId, clock, ageMs }) => {
    const text = `task ${taskId} of ${clock}, for ${formatDuration(ageMs)}`
    return { kind: 'task', startMs: on(endMs - ageMs), endMs: on(endMs), text }
  })
}

interface CaptureTimes {
  readonly on: (ms: number) => number
  readonly wallOfEnd: number
  readonly endMs: number
  readonly sealedMs: number
  readonly samples: readonly StackSample[]
  readonly v8: readonly StackSample[]
}

function marksOfCapture({ manifest, evidence }: ReportedIncident, times: CaptureTimes): TimelineMark[] {
  const { on, endMs, wallOfEnd, sealedMs } = times
  const looks = evidence?.looks ?? []
  const createdMs = endMs + (Date.parse(manifest.createdAt) || wallOfEnd) - wallOfEnd
  const { stall } = manifest
  const noticed =
    stall === null || stall.clock === null
      ? []
      : [
          {
            kind: 'capture' as const,
            startMs: on(endMs + stall.noticedAt - wallOfEnd),
            endMs: null,
            text: stallSentence(stall),
          },
        ]
  const span = (what: string, of: readonly StackSample[]): TimelineMark[] => {
    const [first] = of
    const text = `${what}: ${plural(of.length, 'sample')}`
    return first === undefined
      ? []
      : [{ kind: 'capture', startMs: on(first.atMs), endMs: on(of.at(-1)?.atMs ?? first.atMs), text }]
  }
  return [
    ...noticed,
    { kind: 'capture', startMs: Math.max(0, on(createdMs)), endMs: on(sealedMs), text: `incident ${manifest.id}` },
    ...looks.map((look, index): TimelineMark => {
      const early = look.takenAtMs < createdMs - LONG_MS ? ', before the silence was noticed' : ''
      return { kind: 'look', startMs: on(look.takenAtMs), endMs: null, text: `look ${index + 1}${early}` }
    }),
    ...span('stack samples', times.samples),
    ...span('CPU profile', times.v8),
    ...manifest.missing.map(({ name, message }): TimelineMark => {
      return { kind: 'capture', startMs: on(sealedMs), endMs: null, text: `${name} is missing: ${message}` }
    }),
  ]
}
