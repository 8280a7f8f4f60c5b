/**
 * `cpu-starved`: the thread wants to run and gets no CPU. Its control group is throttled, or others fill the run
 * queue. The run-queue wait includes throttling, so the control group is judged first.
 */
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import { percent, seconds } from '../view/phrases.js'
import { pointerTo } from '../view/pointers.js'
import { share, type ThreadView, type View } from '../view/view.js'

/** With more CPU than this a worker would move: then what it computes is the stall, not the lack of CPU. */
const ENOUGH_CPU = 0.2
const THROTTLED_SHARE = 0.5
/** Higher than for throttling: a crowded machine alone makes half. */
const RUN_QUEUE_SHARE = 0.85
/** A turn of the loop that takes this much of a CPU is a stall by itself, however long it has to wait for it. */
const OWN_WORK_MS = 1_000
/** A loop that comes round so often, and gets this much, is not what stands still for want of a CPU. */
const TURNS_PER_SECOND = 50
const TURNING_CPU = 0.05
/** One of ten that share a CPU fairly still moves. */
const CROWDED_CPU = 0.1
/**
 * Between two of its long waits it may sleep, and the last wait is in no count yet. Then it is starved if it got less of
 * what it wanted than one of forty that share a CPU fairly.
 */
const OFTEN_QUEUED_SHARE = 0.5
const UNFAIR_SHARE = 0.025

export function cpuStarved(view: View): readonly Candidate[] {
  const { main } = view
  if (main === null || view.spanMs <= 0 || main.last.state === 'stopped') return []
  if ((main.cpuShare ?? 0) >= ENOUGH_CPU || !wantsCpu(main)) return []
  return throttled(view, main) ?? queued(view, main) ?? []
}

function wantsCpu(main: ThreadView): boolean {
  return main.running || (main.waitShare ?? 0) >= 0.3
}

function throttled(view: View, main: ThreadView): Candidate[] | null {
  const before = view.first.kernel
  const after = view.last.kernel
  if (!before?.cgroup || !after?.cgroup || before.cgroup.path !== after.cgroup.path) return null
  const spanMs = after.takenAtMs - before.takenAtMs
  const lostMs = after.cgroup.throttledMs - before.cgroup.throttledMs
  const lost = share(lostMs, spanMs)
  const periods = after.cgroup.periods - before.cgroup.periods
  const hit = after.cgroup.throttledPeriods - before.cgroup.throttledPeriods
  if (lost < THROTTLED_SHARE && (periods < 5 || share(hit, periods) < 0.8)) return null
  const quota = after.cgroup.cpuQuota
  const signs: Sign[] = [strong(`its control group was throttled ${percent(lost)} of ${seconds(spanMs)}`)]
  if (periods > 0) signs.push(weak(`${hit} of ${periods} periods were throttled`))
  if (quota !== null) signs.push(weak(`its quota is ${percent(quota)} of a CPU`))
  if (main.waitShare !== null && main.waitShare >= 0.5) {
    signs.push(strong(`its main thread waited ${percent(main.waitShare)} of the time for a CPU`))
  }
  return [
    {
      ...BASE,
      cause: 'cgroup-throttled',
      summary: `The process gets no CPU: its control group ${after.cgroup.path}${quota === null ? '' : ` (quota ${percent(quota)} of a CPU)`} was throttled ${percent(lost)} of the last ${seconds(spanMs)}.`,
      evidence: pointerTo('threads', main.index),
      signs,
      nextStep: 'Raise the CPU limit of the container or unit, or lower what shares it.',
    },
  ]
}

function queued(view: View, main: ThreadView): Candidate[] | null {
  const { cpuShare, waitShare } = main
  if (waitShare === null || (cpuShare ?? 0) >= CROWDED_CPU) return null
  const always = waitShare >= RUN_QUEUE_SHARE
  const unfair = waitShare >= OFTEN_QUEUED_SHARE && (cpuShare ?? 0) < UNFAIR_SHARE * ((cpuShare ?? 0) + waitShare)
  if (!always && !unfair) return null
  const load = view.last.kernel?.loadAverage[0]
  const signs: Sign[] = [
    strong(`its main thread waited ${percent(waitShare)} of ${seconds(view.spanMs)} in the run queue`),
  ]
  if (unfair && cpuShare !== null) signs.push(weak(`it had a CPU for ${percent(cpuShare)} of that time`))
  if (load !== undefined && load > 4) signs.push(weak(`the load average is ${load.toFixed(1)}`))
  return [
    {
      ...BASE,
      cause: 'run-queue',
      // On a crowded machine an endless loop gets as little as anybody: then it is the loop that never ends.
      ...(computedMs(view, main) >= OWN_WORK_MS || turnsOften(view, main)
        ? { cap: 'low' as const }
        : always
          ? {}
          : { cap: 'medium' as const }),
      summary: `The process gets ${always ? 'no' : 'next to no'} CPU: its main thread was runnable and waited in the run queue for ${percent(waitShare)} of the last ${seconds(view.spanMs)}.`,
      evidence: pointerTo('threads', main.index),
      signs,
      nextStep: 'See with top who uses the CPUs, and at which priority this process runs.',
    },
  ]
}

function turnsOften(view: View, main: ThreadView): boolean {
  if ((main.cpuShare ?? 0) < TURNING_CPU) return false
  return !view.silent && (main.turns ?? 0) / view.spanMs >= TURNS_PER_SECOND / 1_000
}

/** About how long the thread has computed since its event loop turned last; 0 when it turned, or that is not known. */
function computedMs(view: View, main: ThreadView): number {
  if (main.turns !== 0) return 0
  return (main.cpuShare ?? 0) * Math.max(view.spanMs, main.last.loop?.stuckMs ?? 0)
}

const BASE = {
  kind: 'cpu-starved',
  where: null,
  chain: [],
  refutedBy: 'A main thread that gets a fifth of a CPU or more between two looks and still does not move.',
} as const
