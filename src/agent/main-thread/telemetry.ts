/**
 * Incidents as telemetry of the application's own OpenTelemetry: a span, counters and, where the logs API is there, an
 * event. Nothing is loaded: what the application has registered is found where every copy of `@opentelemetry/api` 1.x
 * looks for it, and its SDK adds its resource attributes and exporters. Without one, nothing happens.
 *
 * This runs on the main thread, when that turns again. What ended the process is told by the next run, from the
 * tombstone.
 */
import type { IncidentNote } from '../probes-thread/probe-messages.js'
import type { Tombstone } from '../../model/incident.js'
import { VERSION } from '../../model/version.js'

/** As in the API's internal/global-utils.js (1.0.0 to 1.10.0) and api-logs' (0.50.0 on). */
const API = Symbol.for('opentelemetry.js.api.1')
const LOGS_API = Symbol.for('io.opentelemetry.js.api.logs')
const LOGS_API_VERSION = 1
const NAME = 'conductor-stall-agent'
const ERROR = 2
const SEVERITY = { warn: 13, error: 17 } as const

type Attributes = Record<string, string | number | boolean>

interface Counter {
  add(value: number, attributes: Attributes): void
}
interface Api {
  readonly trace?: {
    getTracer(
      name: string,
      version: string,
    ): {
      startSpan(name: string, options: object): { setStatus(status: object): void; end(endTime: Date): void }
    }
  }
  readonly metrics?: {
    getMeter(
      name: string,
      version: string,
    ): {
      createCounter(name: string, options: object): Counter
      createHistogram(name: string, options: object): { record(value: number, attributes: Attributes): void }
    }
  }
}
interface LogsProvider {
  getLogger(name: string, version: string): { emit(record: object): void }
}

interface Event {
  readonly name: 'conductor.stall' | 'conductor.stall.ended'
  readonly level: 'warn' | 'error'
  readonly text: string
  readonly at: Date
  readonly ageMs: number
  readonly attributes: Attributes
  /** For metrics: few values each. */
  readonly labels: Attributes
  readonly captureMs: number | null
  readonly traces: readonly { readonly traceId: string; readonly spanId: string }[]
}

/** Never throws: whatever a provider does, it is not the application's fault. */
export function tellOpenTelemetry(note: IncidentNote): void {
  emit(eventOfIncident(note))
}

export function tellOpenTelemetryOfEnd(tombstone: Tombstone): void {
  emit(eventOfEnd(tombstone))
}

function eventOfIncident(note: IncidentNote): Event {
  const { trigger, level, clock, incident, bundle, verdict, confidence, summary, work } = note
  const labels = { level, trigger, cause: verdict ?? 'none' }
  const [task] = work.flatMap((one) => one.task ?? [])
  return {
    name: 'conductor.stall',
    level: level === 'stall' ? 'error' : 'warn',
    text: summary ?? `${clock ?? 'the process'}: ${trigger}`,
    at: new Date(note.at),
    ageMs: note.ageMs,
    attributes: {
      ...prefixed({ ...labels, clock, incident, bundle, confidence, age_ms: note.ageMs }),
      ...prefixed({ task: task?.taskId ?? null, workflow: task?.workflowId ?? null }),
    },
    labels: prefixed(labels),
    captureMs: note.captureMs,
    traces: work.flatMap((one) => one.trace ?? []),
  }
}

function eventOfEnd({ reason, endedAt, verdict, incident, clock, ageMs, exitCodeMeant, pid }: Tombstone): Event {
  const labels = { level: 'stall', cause: verdict ?? 'none' }
  return {
    name: 'conductor.stall.ended',
    level: 'error',
    text: `process ${pid} was ended by the watchdog: ${reason}`,
    at: new Date(endedAt),
    ageMs,
    attributes: prefixed({ ...labels, clock, incident, age_ms: ageMs, exit_code: exitCodeMeant }),
    labels: prefixed(labels),
    captureMs: null,
    traces: [],
  }
}

function prefixed(fields: Readonly<Record<string, string | number | null>>): Attributes {
  const known = Object.entries(fields).filter((entry): entry is [string, string | number] => entry[1] !== null)
  return Object.fromEntries(known.map(([key, value]) => [`conductor.stall.${key}`, value]))
}

function emit(event: Event): void {
  // Apart from each other: one broken provider must not cost the others.
  for (const one of [emitMetrics, emitSpan, emitLog]) {
    try {
      one(event)
    } catch {
      // Somebody else's provider; the incident itself is on disk and in the log.
    }
  }
}

function api(): Api | undefined {
  return (globalThis as { [API]?: Api })[API]
}

function emitMetrics({ name, labels, captureMs }: Event): void {
  const meter = api()?.metrics?.getMeter(NAME, VERSION)
  if (meter === undefined) return
  const [counter, description] =
    name === 'conductor.stall'
      ? ['conductor.stall.incidents', 'Stalls that were captured.']
      : ['conductor.stall.ended', 'Earlier runs of this program that the watchdog ended.']
  meter.createCounter(counter, { description, unit: '{incident}' }).add(1, labels)
  if (captureMs === null) return
  const options = { description: 'How long captures took.', unit: 's' }
  meter.createHistogram('conductor.capture.duration', options).record(captureMs / 1000, labels)
}

/** A trace of its own, linked to those of the work that stands still. */
function emitSpan({ name, level, text, at, ageMs, attributes, traces }: Event): void {
  const span = api()
    ?.trace?.getTracer(NAME, VERSION)
    .startSpan(name, {
      root: true,
      startTime: new Date(at.getTime() - ageMs),
      attributes,
      // Whether those were sampled is not known; whoever has them has the link.
      links: traces.map(({ traceId, spanId }) => ({ context: { traceId, spanId, traceFlags: 0, isRemote: true } })),
    })
  if (level === 'error') span?.setStatus({ code: ERROR, message: text })
  span?.end(at)
}

function emitLog({ name, level, text, at, attributes, traces }: Event): void {
  const provider = (globalThis as { [LOGS_API]?: (version: number) => LogsProvider | undefined })[LOGS_API]
  const [trace] = traces
  provider?.(LOGS_API_VERSION)
    ?.getLogger(NAME, VERSION)
    .emit({
      eventName: name,
      timestamp: at,
      severityNumber: SEVERITY[level],
      severityText: level.toUpperCase(),
      body: text,
      attributes: {
        ...attributes,
        ...(trace === undefined
          ? {}
          : { 'conductor.stall.trace_id': trace.traceId, 'conductor.stall.span_id': trace.spanId }),
      },
    })
}
