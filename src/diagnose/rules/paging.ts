/** `paging`: the thread waits for memory. Major faults, or the pressure of its control group, grow with the clock. */
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import { megabytes, percent, seconds } from '../view/phrases.js'
import { pointerTo } from '../view/pointers.js'
import { share, type View } from '../view/view.js'

/** A major fault takes 0.1 ms (fast disk) to 10 ms: from here on they can fill the time. */
const FAULTS_PER_SECOND = 100
const PRESSURE_SHARE = 0.4
const FAULT_WAITS = /folio_wait|wait_on_page|swap|filemap_fault|io_schedule|mem_cgroup/

export function paging(view: View): readonly Candidate[] {
  const { main } = view
  const before = view.first.kernel
  const after = view.last.kernel
  if (main === null || before === null || after === null || main.idle || (main.cpuShare ?? 0) > 0.7) return []
  const spanMs = after.takenAtMs - before.takenAtMs
  if (spanMs < 200) return []
  const candidates: Candidate[] = []
  const stallMs = (after.cgroup?.memoryStallMs ?? 0) - (before.cgroup?.memoryStallMs ?? 0)
  const machineMs = (after.pressure?.memoryStallMs ?? 0) - (before.pressure?.memoryStallMs ?? 0)
  const pressure = share(Math.max(stallMs, machineMs), spanMs)
  const perSecond = (after.majorFaults - before.majorFaults) / (spanMs / 1_000)
  const signs: Sign[] = []
  if (perSecond >= FAULTS_PER_SECOND) signs.push(strong(`${Math.round(perSecond)} major faults a second`))
  const wchan = main.last.wchan ?? ''
  if (FAULT_WAITS.test(wchan)) signs.push(strong(`its main thread waits in ${wchan}`))
  if (main.last.state === 'disk') signs.push(weak('its main thread is in uninterruptible sleep'))
  if (after.swappedBytes > 0) signs.push(weak(`${megabytes(after.swappedBytes)} of it are swapped out`))
  if (pressure >= PRESSURE_SHARE) {
    candidates.push({
      ...BASE,
      cause: 'memory-pressure',
      summary: `The process waits for memory: ${stallMs >= machineMs ? 'its control group' : 'the machine'} lost ${percent(pressure)} of the last ${seconds(spanMs)} to memory pressure.`,
      evidence: pointerTo('threads', main.index),
      signs: [strong(`memory pressure took ${percent(pressure)} of the time`), ...signs],
      weight: 1,
    })
  }
  if (perSecond >= FAULTS_PER_SECOND) {
    candidates.push({
      ...BASE,
      cause: 'major-faults',
      summary: `The process waits for its own pages: ${Math.round(perSecond)} major faults a second.`,
      evidence: pointerTo('threads', main.index),
      signs,
    })
  }
  return candidates
}

const BASE = {
  kind: 'paging',
  where: null,
  chain: [],
  refutedBy: 'Faults or pressure that stop while the process still does not move.',
  nextStep: 'Raise the memory limit or lower what shares it; see with vmstat 1 what is swapped.',
} as const
