/** What `run` says, one line an event: for a person, or as JSON for whatever collects stderr. */
import { printable, printableJson } from '../model/printable.js'

export interface EndedWorker {
  readonly pid: number
  /** As the kernel reported it: the exit code, or the signal that ended it. */
  readonly code: number | null
  readonly signal: string | null
  /** The code that counts: the watchdog's 70 even where only SIGKILL could end the process, else 128 + signal. */
  readonly exitCode: number
  readonly aliveMs: number
  /** From the tombstone; null when the watchdog had nothing to do with it. */
  readonly watchdog: {
    readonly reason: string
    /** Id of the sealed bundle, and its folder. */
    readonly incident: string | null
    readonly bundle: string | null
    readonly verdict: string | null
    /** `function (file:line)` of the first verdict, when code is to blame. */
    readonly place: string | null
  } | null
}

export type RunEvent =
  | { readonly event: 'started'; readonly pid: number; readonly restarts: number }
  | ({ readonly event: 'ended' } & EndedWorker)
  | { readonly event: 'restarting'; readonly restarts: number; readonly waitMs: number }
  | { readonly event: 'draining'; readonly pid: number; readonly signal: string; readonly deadlineMs: number }
  | { readonly event: 'killing'; readonly pid: number; readonly why: 'second signal' | 'deadline over' }
  | { readonly event: 'left-behind'; readonly pid: number; readonly signal: 'SIGTERM' | 'SIGKILL' }
  | { readonly event: 'gave-up'; readonly restarts: number; readonly exitCode: number }
  | { readonly event: 'stopped'; readonly exitCode: number }
  | { readonly event: 'unguarded'; readonly reason: string }

const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`

function howItEnded(ended: EndedWorker): string {
  if (ended.signal === null) return `exit code ${ended.exitCode}`
  const meant = ended.exitCode === 70 ? ', exit code 70 meant' : ''
  return `${ended.signal}${meant}`
}

function endedLine(ended: EndedWorker): string {
  const parts = [`worker ${ended.pid} ended after ${seconds(ended.aliveMs)}: ${howItEnded(ended)}`]
  if (ended.watchdog) {
    const { reason, verdict, place, bundle, incident } = ended.watchdog
    parts.push(reason)
    if (verdict) parts.push(`${verdict}${place === null ? '' : ` at ${place}`}`)
    if (bundle ?? incident) parts.push(`incident ${bundle ?? incident}`)
  }
  return parts.join('; ')
}

export function humanLine(event: RunEvent): string {
  switch (event.event) {
    case 'started':
      return event.restarts === 0
        ? `worker ${event.pid} started`
        : `worker ${event.pid} started (restart ${event.restarts})`
    case 'ended':
      return endedLine(event)
    case 'restarting':
      return `restart ${event.restarts} in ${seconds(event.waitMs)}`
    case 'draining':
      return `${event.signal}: passed on to worker ${event.pid}, which has ${seconds(event.deadlineMs)} to end`
    case 'killing':
      return `killing worker ${event.pid}: ${event.why}`
    case 'left-behind':
      return `worker ${event.pid} left processes behind: ${event.signal} to its group`
    case 'gave-up':
      return `no further restart after ${event.restarts}: ending with ${event.exitCode}`
    case 'stopped':
      return `ending with ${event.exitCode}`
    case 'unguarded':
      return `the worker outlives this process if that is killed by SIGKILL: ${event.reason}`
  }
}

/** One line without its newline. JSON in the shape of the agent's own log: level, time, msg. */
export function formatEvent(event: RunEvent, json: boolean, now: number): string {
  if (!json) return `conductor-diag run: ${printable(humanLine(event))}`
  const line = JSON.stringify({
    level: levelOf(event),
    time: now,
    name: 'conductor-diag run',
    ...event,
    msg: humanLine(event),
  })
  return printableJson(line)
}

/** Pino's numbers: 30 info, 40 warn. */
function levelOf(event: RunEvent): number {
  switch (event.event) {
    case 'started':
    case 'draining':
    case 'stopped':
      return 30
    case 'ended':
      return event.exitCode === 0 ? 30 : 40
    default:
      return 40
  }
}
