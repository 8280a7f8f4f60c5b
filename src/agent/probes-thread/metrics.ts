/** The text that Prometheus reads (exposition format 0.0.4), from numbers that are there anyway. */
import type { ObservedClock } from '../../heartbeat/clock-reader.js'
import { printable } from '../../model/printable.js'
import type { Health } from '../../watch/health.js'
import type { Histogram, Tally } from './tally.js'

export interface MetricsInput {
  readonly clocks: readonly ObservedClock[]
  readonly tally: Tally
  readonly health: Health
  /** Wall clock, ms since the epoch. */
  readonly wallMs: number
  /** Labels of the one series that tells what runs here. */
  readonly build: Readonly<Record<string, string>>
}

type Labels = Readonly<Record<string, string>>
type Sample = readonly [labels: Labels, value: number]

export function metricsText({ clocks, tally, health, wallMs, build }: MetricsInput): string {
  const loops = [...byName(clocks).values()]
  const perClock = (value: (clock: ObservedClock) => number | null): Sample[] =>
    loops.flatMap((clock) => {
      const known = value(clock)
      return known === null ? [] : [[{ clock: clock.name, kind: clock.kind }, known] as const]
    })
  return [
    family('conductor_stall_agent_build_info', 'gauge', 'Always 1; what runs here.', [[build, 1]]),
    family('conductor_stall_alive', 'gauge', 'What /livez says: 1 or 0.', [[{}, health.alive ? 1 : 0]]),
    family('conductor_stall_ready', 'gauge', 'What /readyz says: 1 or 0.', [[{}, health.ready ? 1 : 0]]),
    family(
      'conductor_heartbeat_age_seconds',
      'gauge',
      'Time since the last beat, less the time in which the process did not run.',
      perClock((clock) => clock.ageMs / 1000),
    ),
    family(
      'conductor_heartbeat_last_timestamp_seconds',
      'gauge',
      'When the last beat was, as Unix time.',
      perClock((clock) => (wallMs - clock.ageMs) / 1000),
    ),
    family(
      'conductor_heartbeats_total',
      'counter',
      'Beats so far.',
      perClock((clock) => clock.beats),
    ),
    family(
      'conductor_heartbeat_paused',
      'gauge',
      '1 while the loop is paused.',
      perClock((clock) => Number(clock.paused)),
    ),
    family(
      'conductor_poll_failures_in_row',
      'gauge',
      'Failed polls since one was answered.',
      perClock((clock) => (clock.polls ? clock.failuresInRow : null)),
    ),
    family(
      'conductor_slots',
      'gauge',
      'Room for tasks.',
      perClock((clock) => clock.slots),
    ),
    family(
      'conductor_slots_in_use',
      'gauge',
      'Tasks in work.',
      perClock((clock) => clock.slotsInUse),
    ),
    family(
      'conductor_stall_total',
      'counter',
      'Stalls that were captured, by level (warn, stall) and the verdict that was found.',
      tally.stalls.map(({ level, cause, count }) => [{ level, cause }, count] as const),
    ),
    family('conductor_stall_suppressed_total', 'counter', 'Stalls that limits kept from being captured.', [
      [{}, tally.suppressed],
    ]),
    family('conductor_stall_ended_before_total', 'counter', 'Earlier runs of this program that the watchdog ended.', [
      [{}, tally.endedBefore],
    ]),
    histogram('conductor_capture_duration_seconds', 'How long captures took.', tally.captures),
  ].join('')
}

/** Two clocks of one name are one series: the older beat counts, and the numbers add up. */
function byName(clocks: readonly ObservedClock[]): Map<string, ObservedClock> {
  const found = new Map<string, ObservedClock>()
  const sum = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : a + b)
  for (const clock of clocks) {
    const key = `${clock.kind} ${clock.name}`
    const other = found.get(key)
    found.set(
      key,
      other === undefined
        ? clock
        : {
            ...clock,
            ageMs: Math.max(clock.ageMs, other.ageMs),
            beats: clock.beats + other.beats,
            failuresInRow: Math.max(clock.failuresInRow, other.failuresInRow),
            paused: clock.paused && other.paused,
            slots: sum(clock.slots, other.slots),
            slotsInUse: sum(clock.slotsInUse, other.slotsInUse),
          },
    )
  }
  return found
}

function family(name: string, type: 'gauge' | 'counter', help: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return ''
  return head(name, type, help) + samples.map(([labels, value]) => line(name, labels, value)).join('')
}

function histogram(name: string, help: string, { bounds, counts, sum, count }: Histogram): string {
  const buckets = bounds.map((bound, index) => line(`${name}_bucket`, { le: String(bound) }, counts[index] ?? 0))
  const last = line(`${name}_bucket`, { le: '+Inf' }, count)
  return (
    head(name, 'histogram', help) +
    buckets.join('') +
    last +
    line(`${name}_sum`, {}, sum) +
    line(`${name}_count`, {}, count)
  )
}

function head(name: string, type: string, help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`)
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`
}

function escapeLabel(text: string): string {
  return printable(text)
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('"', String.raw`\"`)
}
