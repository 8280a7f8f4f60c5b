/** Whether a task of the clock in question went on between the looks: slow is not stuck, however late it is. */
import type { View } from './view.js'

export function hasMovingTask({ evidence, clock }: View): boolean {
  const tasks = (evidence.tasks ?? []).filter((task) => clock === null || task.clock === clock.name)
  return tasks.some((task) => task.moved === true)
}
