/** Tasks in flight of the clock in question. */
import type { TaskInFlight } from '../../model/evidence.js'
import type { View } from './view.js'

export function tasksOf({ evidence, clock }: View): readonly TaskInFlight[] {
  return (evidence.tasks ?? []).filter((task) => clock === null || task.clock === clock.name)
}

/** Whether one of them went on between the looks: slow is not stuck, however late it is. */
export function hasMovingTask(view: View): boolean {
  return tasksOf(view).some((task) => task.moved === true)
}
