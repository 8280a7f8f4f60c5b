/** What `run` says, one line an event; report.ts writes them, for a person or as JSON. */
import type { TroubleKind } from './outside-watch.js'

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

export type RunEvent = (
  | { readonly event: 'started'; readonly pid: number; readonly restarts: number }
  /** Its agent has answered from outside for the first time. */
  | { readonly event: 'watched'; readonly pid: number; readonly agent: string }
  | ({ readonly event: 'ended' } & EndedWorker)
  | { readonly event: 'restarting'; readonly restarts: number; readonly waitMs: number }
  | { readonly event: 'draining'; readonly pid: number; readonly signal: string; readonly deadlineMs: number }
  | {
      readonly event: 'killing'
      readonly pid: number
      readonly why: 'second signal' | 'deadline over' | TroubleKind
    }
  | ({ readonly event: 'trouble' } & WorkerTrouble)
  | { readonly event: 'parent-gone'; readonly starter: string }
  | { readonly event: 'hook-failed'; readonly reason: string }
  | { readonly event: 'no-reaper'; readonly reason: string }
  | { readonly event: 'setting'; readonly warning: string }
  | { readonly event: 'left-behind'; readonly pid: number; readonly signal: 'SIGTERM' | 'SIGKILL' }
  | { readonly event: 'gave-up'; readonly restarts: number; readonly exitCode: number }
  | { readonly event: 'stopped'; readonly exitCode: number }
  | { readonly event: 'unguarded'; readonly reason: string }
) & {
  /** Which of several workers, from 1; absent with one. */
  readonly worker?: number
}

/** What was seen from outside, and the bundle that shows it. */
export interface WorkerTrouble {
  readonly pid: number
  readonly kind: TroubleKind
  readonly forMs: number
  readonly incident: string | null
  readonly bundle: string | null
  readonly verdict: string | null
  /** Why there is no bundle; null when there is one. */
  readonly problem: string | null
}

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

const TROUBLES: Readonly<Record<TroubleKind, string>> = {
  stopped: 'has been stopped (SIGSTOP)',
  frozen: 'has been frozen by its control group',
  blocked: 'has not turned its event loop, and no agent in it acts,',
  'agent-silent': 'has an agent that does not answer: starved or swapped out,',
  'agent-gone': 'has lost its agent',
  'not-ready': 'has neither polled nor listened',
}

function troubleLine({ pid, kind, forMs, bundle, verdict, problem }: WorkerTrouble): string {
  const parts = [`worker ${pid} ${TROUBLES[kind]} for ${seconds(forMs)}`]
  if (verdict !== null) parts.push(verdict)
  parts.push(bundle === null ? `no bundle: ${problem ?? 'unknown'}` : `incident ${bundle}`)
  return parts.join('; ')
}

export function humanLine(event: RunEvent): string {
  const line = lineOf(event)
  return event.worker === undefined ? line : `[${event.worker}] ${line}`
}

function lineOf(event: RunEvent): string {
  switch (event.event) {
    case 'started':
      return event.restarts === 0
        ? `worker ${event.pid} started`
        : `worker ${event.pid} started (restart ${event.restarts})`
    case 'watched':
      return `worker ${event.pid} is watched: agent ${event.agent} answers`
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
    case 'trouble':
      return troubleLine(event)
    case 'parent-gone':
      return `${event.starter} is gone: draining`
    case 'hook-failed':
      return `--on-incident: ${event.reason}`
    case 'no-reaper':
      return `processes that workers leave behind stay as zombies: ${event.reason}`
    case 'setting':
      return event.warning
    case 'unguarded':
      return `the worker outlives this process if that is killed by SIGKILL: ${event.reason}`
  }
}

export function levelOf(event: RunEvent): 'info' | 'warn' {
  switch (event.event) {
    case 'started':
    case 'watched':
    case 'draining':
    case 'stopped':
      return 'info'
    case 'ended':
      return event.exitCode === 0 ? 'info' : 'warn'
    default:
      return 'warn'
  }
}
