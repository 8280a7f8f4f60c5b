/** Where a task in flight is: parked at an await, or, when nothing of it is left, in the function that executed it. */
import type { TaskInFlight } from '../../model/evidence.js'
import type { Frame } from '../../model/frame.js'
import type { VerdictPlace } from '../../model/verdict.js'
import { blameFrames, placeText } from './blame.js'
import { plural } from './phrases.js'

export interface TaskPlace {
  readonly where: VerdictPlace | null
  readonly chain: readonly Frame[]
  /** Nothing is left that could settle it. */
  readonly collected: boolean
  /** The await was seen; otherwise `where` is the start of the execute function. */
  readonly parked: boolean
  /** Its function has come to its end. */
  readonly returned: boolean
}

export function placeOfTask(task: TaskInFlight): TaskPlace {
  const collected = (task.collectedInLooks ?? 0) > 0
  const blame = blameFrames(task.parked ?? [])
  const { execute, returned = false } = task
  const defined =
    execute?.file == null || execute.line === null ? null : { ...execute, file: execute.file, line: execute.line }
  if (blame.where !== null && (blame.origin === 'user' || defined === null)) {
    return { where: blame.where, chain: blame.chain, collected, parked: true, returned }
  }
  return { where: defined, chain: [], collected, parked: false, returned }
}

/** Tasks in the same place. */
export interface TaskGroup extends TaskPlace {
  readonly tasks: readonly TaskInFlight[]
}

/** Largest first; tasks of which nothing is known at all are left out. */
export function groupTasks(tasks: readonly TaskInFlight[]): readonly TaskGroup[] {
  const groups = new Map<string, TaskPlace & { readonly tasks: TaskInFlight[] }>()
  for (const task of tasks) {
    const place = placeOfTask(task)
    if (place.where === null) continue
    const { function: name, file, line, column } = place.where
    const key = [name, file, line, column, place.collected, place.returned].join('|')
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { ...place, tasks: [task] })
    else group.tasks.push(task)
  }
  return [...groups.values()].sort((a, b) => b.tasks.length - a.tasks.length)
}

/** `2 tasks at query (db.js:7)`; `1 task of execute (worker.js:8), of which nothing is left in memory`. */
export function groupText(group: TaskGroup): string {
  const tasks = `${plural(group.tasks.length, 'task')} ${group.parked ? 'at' : 'of'} ${placeText(group.where)}`
  if (group.returned)
    return `${tasks}, which has returned without giving its slot back (a message that was not acknowledged)`
  return group.collected ? `${tasks}, of which nothing is left in memory` : tasks
}
