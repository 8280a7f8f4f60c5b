/**
 * What the agent knows of the time before and during a capture, in the order in which it happened: last beats, answers and
 * polls of the clocks, tasks that began, when the silence was noticed, and what each look saw move. Times count back from
 * the last look: ages are monotonic, so no clock of the wall has to be right.
 */
import { formatDuration, plural } from '../model/amounts.js'
import type { Look, TaskInFlight } from '../model/evidence.js'
import type { ClockReading } from '../model/heartbeat.js'
import type { ReportedIncident } from './reported-incident.js'

export interface LastMinute {
  /** Before the last look; 0: then. */
  readonly agoMs: number
  readonly text: string
}

export interface LastMinutes {
  /** Oldest first. */
  readonly events: readonly LastMinute[]
  /** What was not recorded, one sentence; null when an early look reaches back before the silence was noticed. */
  readonly note: string | null
}

/** `-4.6 s`, and `0` for the last look itself. */
export function agoText(agoMs: number): string {
  return agoMs < 0.5 ? '0' : `-${formatDuration(agoMs)}`
}

/** The longest silent ones of a worker with hundreds. */
const MAX_CLOCKS = 12
const MAX_TASKS = 10

/** Null where nothing is known, or what the bundle says is not as it should be: one may come from anywhere. */
export function lastMinutes(incident: ReportedIncident): LastMinutes | null {
  try {
    return tell(incident)
  } catch {
    // `verify` says what is wrong with it.
    return null
  }
}

function tell({ manifest, evidence }: ReportedIncident): LastMinutes | null {
  const looks = evidence?.looks ?? []
  const clocks = looks.at(-1)?.clocks ?? manifest.clocks
  const noticedAgoMs = noticedAgo(manifest.stall, clocks)
  const endMs = looks.at(-1)?.takenAtMs ?? 0
  const silent = clocks.toSorted((a, b) => b.ageMs - a.ageMs).slice(0, MAX_CLOCKS)
  const events = [
    ...silent.flatMap(clockEvents),
    ...taskEvents(evidence?.tasks ?? []),
    ...noticeEvent(manifest.stall, noticedAgoMs),
    ...looks.map((look, index) => lookEvent(looks, index, endMs - look.takenAtMs, noticedAgoMs)),
  ].filter(({ agoMs }) => Number.isFinite(agoMs))
  if (events.length === 0) return null
  const isEarly = looks.some((look) => noticedAgoMs !== null && endMs - look.takenAtMs > noticedAgoMs)
  return { events: events.toSorted((a, b) => b.agoMs - a.agoMs), note: isEarly ? null : noteOf(clocks.length > 0) }
}

function noteOf(hasClocks: boolean): string {
  return hasClocks
    ? 'No look was taken before the silence was noticed: of the time before, the clocks are all that is known.'
    : 'No clock watched this process and no look was taken earlier: of the time before, nothing is known.'
}

/** The clock that was found silent has not beaten since: it tells how long ago that was. */
export function noticedAgo(
  stall: ReportedIncident['manifest']['stall'],
  clocks: readonly ClockReading[],
): number | null {
  if (stall === null) return null
  const then = stall.clocks.find(({ name }) => name === stall.clock)
  const now = clocks.find(({ name }) => name === stall.clock)
  if (then === undefined || now === undefined || then.beats !== now.beats) return null
  return Math.max(0, now.ageMs - then.ageMs)
}

function clockEvents(clock: ClockReading): LastMinute[] {
  const { name, ageMs, beats, usualIntervalMs, lastSuccessMs, inFlightMs, failuresInRow, lastError } = clock
  const usual = usualIntervalMs === null ? '' : `, before that one every ${formatDuration(usualIntervalMs)}`
  const error = lastError === undefined ? '' : ` (${lastError})`
  const since = failuresInRow === 0 ? '' : `; ${plural(failuresInRow, 'poll')} failed since${error}`
  return [
    beats === 0
      ? { agoMs: ageMs, text: `${name} has started, and has not beaten yet` }
      : { agoMs: ageMs, text: `${name} beat for the last time (${plural(beats, 'beat')} so far${usual})` },
    ...(lastSuccessMs === null ? [] : [{ agoMs: lastSuccessMs, text: `a poll of ${name} was answered${since}` }]),
    ...(inFlightMs === null ? [] : [{ agoMs: inFlightMs, text: `${name} sent the poll that is still in flight` }]),
  ]
}

function taskEvents(tasks: readonly TaskInFlight[]): LastMinute[] {
  return tasks
    .toSorted((a, b) => b.ageMs - a.ageMs)
    .slice(0, MAX_TASKS)
    .map(({ taskId, clock, ageMs }) => ({ agoMs: ageMs, text: `task ${taskId} of ${clock} began, and has not ended` }))
}

function noticeEvent(stall: ReportedIncident['manifest']['stall'], agoMs: number | null): LastMinute[] {
  if (stall === null || stall.clock === null || agoMs === null) return []
  const text = `${stall.clock} was found silent for ${formatDuration(stall.ageMs)}; the limit is ${formatDuration(stall.thresholdMs)}`
  return [{ agoMs, text }]
}

function lookEvent(looks: readonly Look[], index: number, agoMs: number, noticedAgoMs: number | null): LastMinute {
  const look = looks[index] as Look
  const earlier = index === 0 ? null : (looks[index - 1] ?? null)
  const isEarly = noticedAgoMs !== null && agoMs > noticedAgoMs
  const seen = earlier === null ? stateOf(look) : [...stateOf(look), ...movedSince(earlier, look)]
  const what = isEarly ? `early look ${index + 1}, before the silence was noticed` : `look ${index + 1}`
  return { agoMs, text: seen.length === 0 ? what : `${what}: ${seen.join(', ')}` }
}

function stateOf(look: Look): string[] {
  const main = mainOf(look)
  if (main === undefined) return []
  const stuck = main.loop?.stuckMs ?? null
  return [
    `main thread ${main.state}`,
    ...(stuck === null ? [] : [`its event loop not turning for ${formatDuration(stuck)} at least`]),
  ]
}

function movedSince(earlier: Look, look: Look): string[] {
  const turns = difference(mainOf(look)?.loop?.turns, mainOf(earlier)?.loop?.turns)
  const collections = difference(look.heap?.collections, earlier.heap?.collections)
  const rest = [
    ...(turns === null ? [] : [turns === 0 ? 'no turn of the event loop' : plural(turns, 'turn')]),
    ...(collections === null
      ? []
      : [collections === 0 ? 'no garbage collection' : plural(collections, 'garbage collection')]),
  ]
  return rest.length === 0 ? [] : [`since the one before ${rest.join(' and ')}`]
}

function mainOf(look: Look): NonNullable<Look['threads']>[number] | undefined {
  return look.threads?.find(({ role }) => role === 'main')
}

function difference(later: number | null | undefined, before: number | null | undefined): number | null {
  return typeof later === 'number' && typeof before === 'number' ? later - before : null
}
