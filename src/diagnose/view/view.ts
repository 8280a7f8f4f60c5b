/** What the rules keep asking of the evidence, computed once: the main thread over the looks, and whether it moves. */
import type { Evidence, Look } from '../../model/evidence.js'
import type { Frame } from '../../model/frame.js'
import type { ClockReading } from '../../model/heartbeat.js'
import type { Stall } from '../../model/stall.js'
import type { KernelThread, ThreadStack } from '../../model/thread.js'
import { movedAgain } from './moved-again.js'
import { seconds } from './phrases.js'

export interface ThreadView {
  readonly tid: number
  /** One a look that has it, oldest first; never empty. */
  readonly stacks: readonly ThreadStack[]
  readonly last: ThreadStack
  /** Position in the last look's `threads`, for evidence pointers; -1 when it is gone. */
  readonly index: number
  /** Share of the time between first and last look that it had a CPU; null with one look or no counters. */
  readonly cpuShare: number | null
  /** Share of that time that it was runnable and had none. */
  readonly waitShare: number | null
  /** Parked in its event loop in every look. */
  readonly idle: boolean
  /** Executing, as far as every look can tell. */
  readonly running: boolean
  /** Loop iterations between the looks; null when not read. */
  readonly turns: number | null
  /** Every JavaScript stack that was had of it, oldest first; innermost frame first. */
  readonly scripts: readonly (readonly Frame[])[]
  /** The kernel's record in the last look. */
  readonly kernel: KernelThread | null
}

export interface View {
  readonly evidence: Evidence
  readonly first: Look
  readonly last: Look
  /** Between first and last look, ms; 0 with one. */
  readonly spanMs: number
  readonly main: ThreadView | null
  readonly workers: readonly ThreadView[]
  /** The poller or loop that the stall is about; null without clocks or when none is behind. */
  readonly clock: ClockReading | null
  readonly clocks: readonly ClockReading[]
  /** A clock says that it is silent for longer than it should: the watch thread fired, or a reading is overdue. */
  readonly silent: boolean
  /** How long the silence lasted, ms; null when no clock tells. */
  readonly silentMs: number | null
  /** The silence as half a sentence: `orders is silent for 45 s`; null without one that a clock tells. */
  readonly silence: string | null
}

/** System calls in which an event loop waits for events. */
const POLLING = new Set(['epoll_wait', 'epoll_pwait', 'epoll_pwait2', 'io_uring_enter'])
/** Share of the time, on a CPU or waiting for one, from which a thread counts as executing. */
const BUSY_SHARE = 0.5
/** A clock without history is silent from here on, ms. */
const DEFAULT_SILENCE_MS = 5_000

export function viewOf(evidence: Evidence): View {
  const last = evidence.looks.at(-1)
  const first = evidence.looks[0]
  if (last === undefined || first === undefined) throw new RangeError('evidence without a look')
  const threads = threadViews(evidence)
  const clocks = last.clocks ?? evidence.stall?.clocks ?? []
  const clock = clockOf(evidence, clocks)
  // What the supervisor saw is a state of the process: it says nothing of a poll loop.
  const asked = evidence.stall === null || ['manual', 'outside'].includes(evidence.stall.trigger)
  const fired = !asked && movedAgain(evidence) === null
  const silent = fired || (clock !== null && isOverdue(clock))
  const silentMs = silent ? silenceOf(evidence.stall, clock) : null
  return {
    evidence,
    first,
    last,
    spanMs: last.takenAtMs - first.takenAtMs,
    main: threads.find((thread) => thread.last.role === 'main') ?? null,
    workers: threads.filter((thread) => thread.last.role === 'worker'),
    clock,
    clocks,
    silent,
    silentMs,
    silence: silentMs === null ? null : silenceText(evidence.stall, clock, silentMs),
  }
}

/** A poller that beats and gets no answer is not silent itself: what counts is how long none came. */
function silenceOf(stall: Stall | null, clock: ClockReading | null): number | null {
  if (stall?.trigger === 'poll-success') return clock?.lastSuccessMs ?? stall.ageMs
  return clock?.ageMs ?? stall?.ageMs ?? null
}

function silenceText(stall: Stall | null, clock: ClockReading | null, ms: number): string {
  const name = clock?.name ?? 'the poll loop'
  return stall?.trigger === 'poll-success'
    ? `no poll of ${name} was answered for ${seconds(ms)}`
    : `${name} is silent for ${seconds(ms)}`
}

/** Overdue by its own habits: ten usual intervals and two seconds, as the early look has it. */
export function isOverdue(clock: ClockReading): boolean {
  if (clock.paused || clock.expectedWaitMs > 0) return false
  if (clock.ended) return true
  if (clock.usualIntervalMs === null) return clock.beats > 0 && clock.ageMs > DEFAULT_SILENCE_MS
  return clock.ageMs > Math.max(2_000, 10 * clock.usualIntervalMs)
}

function clockOf(evidence: Evidence, clocks: readonly ClockReading[]): ClockReading | null {
  const named = clocks.find((clock) => clock.name === evidence.stall?.clock)
  if (named !== undefined) return named
  return clocks.filter(isOverdue).sort((a, b) => b.ageMs - a.ageMs)[0] ?? null
}

function threadViews(evidence: Evidence): ThreadView[] {
  const tids = new Set(evidence.looks.flatMap((look) => (look.threads ?? []).map((thread) => thread.tid)))
  const views: ThreadView[] = []
  for (const tid of tids) {
    const view = threadView(evidence, tid)
    if (view !== null) views.push(view)
  }
  return views
}

function threadView(evidence: Evidence, tid: number): ThreadView | null {
  const stacks = evidence.looks.flatMap((look) => look.threads?.filter((thread) => thread.tid === tid) ?? [])
  const last = stacks.at(-1)
  if (last === undefined) return null
  const shares = sharesOf(evidence, tid)
  const lastLook = evidence.looks.at(-1)
  const samples = last.role === 'main' ? (evidence.samples?.samples ?? []).map((sample) => sample.frames) : []
  return {
    tid,
    stacks,
    last,
    index: lastLook?.threads?.findIndex((thread) => thread.tid === tid) ?? -1,
    ...shares,
    idle: stacks.every(isIdle) && samples.length === 0,
    running: isRunning(stacks, shares, turnsOf(stacks)),
    turns: turnsOf(stacks),
    scripts: [...stacks.map((stack) => stack.frames), ...samples].filter((frames) => frames.length > 0),
    kernel: lastLook?.kernel?.threads.find((thread) => thread.tid === tid) ?? null,
  }
}

function isIdle(stack: ThreadStack): boolean {
  if (stack.state === 'idle') return true
  if (stack.state !== 'sleeping' || stack.frames.some((frame) => !frame.async && !frame.native)) return false
  if (stack.loop !== undefined) return stack.loop.polling
  // Without the loop, "in epoll" is not proof (a child's loop polls too), but with no JavaScript below it is.
  return typeof stack.syscall === 'object' && stack.syscall !== null && POLLING.has(stack.syscall.name)
}

function isRunning(stacks: readonly ThreadStack[], shares: Shares, turns: number | null): boolean {
  const looksLikeIt = (stack: ThreadStack): boolean => stack.state === 'running' || stack.syscall === 'running'
  const everyLook = stacks.every(looksLikeIt) || (turns === 0 && stacks.some(looksLikeIt))
  if (shares.cpuShare === null) return everyLook
  // Waiting in the run queue counts: on a crowded or throttled machine a loop that wants all gets little.
  const wanted = shares.cpuShare + (shares.waitShare ?? 0)
  return wanted >= BUSY_SHARE || (everyLook && wanted >= BUSY_SHARE / 3)
}

function turnsOf(stacks: readonly ThreadStack[]): number | null {
  const first = stacks[0]?.loop
  const last = stacks.at(-1)?.loop
  if (first === undefined || last === undefined || stacks.length < 2) return null
  return last.turns - first.turns
}

type Shares = Pick<ThreadView, 'cpuShare' | 'waitShare'>

function sharesOf(evidence: Evidence, tid: number): Shares {
  const records = evidence.looks.flatMap((look) => {
    const thread = look.kernel?.threads.find((each) => each.tid === tid)
    return thread === undefined || look.kernel === null
      ? []
      : [{ at: look.kernel.takenAtMs, state: thread.kernelState, counters: thread.counters }]
  })
  const first = records[0]
  const last = records.at(-1)
  const spanMs = first === undefined || last === undefined ? 0 : last.at - first.at
  // Counters in ticks of 10 ms: a shorter span says nothing.
  if (first === undefined || last === undefined || spanMs < 50) return { cpuShare: null, waitShare: null }
  const cpu = (counters: KernelThread['counters']) => counters.onCpuMs ?? counters.userMs + counters.systemMs
  const onCpuMs = cpu(last.counters) - cpu(first.counters)
  const counted =
    first.counters.runQueueWaitMs === null || last.counters.runQueueWaitMs === null
      ? null
      : last.counters.runQueueWaitMs - first.counters.runQueueWaitMs
  const waitedMs = neverSlept(records) ? Math.max(counted ?? 0, spanMs - onCpuMs) : counted
  return { cpuShare: share(onCpuMs, spanMs), waitShare: waitedMs === null ? null : share(waitedMs, spanMs) }
}

/**
 * Runnable in every look, and no sleep of its own in between: all that it was not on a CPU it waited for one. The kernel
 * adds a wait to its count only when it is over, so one that lasts longer than the looks is in no count.
 */
function neverSlept(
  records: readonly { readonly state: string; readonly counters: KernelThread['counters'] }[],
): boolean {
  const sleeps = records[0]?.counters.voluntarySwitches ?? null
  return (
    sleeps !== null && records.every(({ state, counters }) => state === 'R' && counters.voluntarySwitches === sleeps)
  )
}

export function share(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.min(1, Math.max(0, part / whole))
}
