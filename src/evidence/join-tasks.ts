/**
 * Tasks in flight joined to what the looks found of them in the heap: the place of their code, where they are parked,
 * and whether anything of them is left at all. What the collector took away is known from an earlier look, if one was
 * taken in time.
 */
import type { TaskInHeap } from '../model/await.js'
import type { Look, TaskInFlight } from '../model/evidence.js'
import { originOf } from '../source/origin.js'

/** `looks` oldest first. Pure. */
export function joinTasks(tasks: readonly TaskInFlight[], looks: readonly Look[]): readonly TaskInFlight[] {
  if (!looks.some((look) => look.awaits?.tasks !== undefined)) return tasks
  return tasks.map((task) => {
    const seen = looks.flatMap((look) => {
      const sighting = sightingOf(task, look)
      return sighting === null ? [] : [{ sighting, atMs: look.takenAtMs }]
    })
    const joined = joinTask(
      task,
      seen.map(({ sighting }) => sighting),
    )
    return hasMoved(seen) ? { ...joined, moved: true } : joined
  })
}

interface Seen {
  readonly sighting: TaskInHeap
  readonly atMs: number
}

/**
 * Between the last two looks that could read it. A loop that waits in one line again and again is told by its timer:
 * set after the look before, it is another one.
 */
function hasMoved(seen: readonly Seen[]): boolean {
  const [now, before] = seen.filter(({ sighting }) => (sighting.parked?.length ?? 0) > 0).toReversed()
  if (now === undefined || isResuming(now)) return now !== undefined
  if (before === undefined) return false
  if (isResuming(before) || placeOf(before.sighting) !== placeOf(now.sighting)) return true
  const waits = now.sighting.waitsFor
  return waits?.kind === 'timer' && waits.sinceMs !== undefined && waits.sinceMs < now.atMs - before.atMs
}

/**
 * What it waited for is settled, or was another one a moment later. One that hangs has something to say for it, and that
 * holds still: what it hangs on is long out of the young generation.
 */
function isResuming({ sighting }: Seen): boolean {
  return sighting.waitsFor === null || sighting.waitsFor.changed === true
}

function placeOf({ parked }: TaskInHeap): string {
  return (parked ?? []).map(({ function: name, file, line, column }) => [name, file, line, column].join(':')).join('<')
}

function joinTask(task: TaskInFlight, sightings: readonly TaskInHeap[]): TaskInFlight {
  const execute = sightings.findLast((each) => each.execute !== null)?.execute ?? task.execute
  const shown = sightings.findLast(showsUserCode) ?? sightings.findLast((each) => (each.parked?.length ?? 0) > 0)
  // Once it was gone it can't come back: only the looks after the last one that had it count.
  const collectedInLooks = sightings.length - 1 - sightings.findLastIndex((each) => !isCollected(each))
  return {
    ...task,
    execute,
    ...(shown?.parked == null ? {} : { parked: shown.parked }),
    ...withWork(sightings),
    ...(shown?.waitsFor == null ? {} : { waitsFor: shown.waitsFor }),
    ...(sightings.at(-1)?.settled === true ? { returned: true as const } : {}),
    ...(sightings.length === 0 ? {} : { collectedInLooks }),
  }
}

function withWork(sightings: readonly TaskInHeap[]): Pick<TaskInFlight, 'work'> {
  const work = sightings.find((each) => each.work !== undefined)?.work
  return work === undefined ? {} : { work }
}

/** The same record may have served several tasks, and the same task several records. */
function sightingOf(task: TaskInFlight, look: Look): TaskInHeap | null {
  const same = (look.awaits?.tasks ?? []).filter((each) => each.taskId === task.taskId && each.index === task.index)
  const pending = same.filter((each) => each.settled !== true)
  return pending.find((each) => each.parked !== null && each.parked.length > 0) ?? pending[0] ?? same[0] ?? null
}

function showsUserCode(task: TaskInHeap): boolean {
  return (task.parked ?? []).some((frame) => originOf(frame.file) === 'user')
}

/** Nothing is left, or only the library's own frames, older than the user's and not collected yet. */
function isCollected(task: TaskInHeap): boolean {
  if (task.parked === null) return false
  return task.parked.length === 0 || (!showsUserCode(task) && task.waitsFor?.kind === 'nothing')
}
