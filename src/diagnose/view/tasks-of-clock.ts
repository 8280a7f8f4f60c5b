/** Tasks in flight of the clock in question. */
import type { TaskInFlight } from '../../model/evidence.js'
import type { ClockReading } from '../../model/heartbeat.js'
import type { View } from './view.js'

export function tasksOf({ evidence, clock }: View): readonly TaskInFlight[] {
  return (evidence.tasks ?? []).filter((task) => clock === null || task.clock === clock.name)
}

/**
 * All of its slots are taken, and every task in them is past its own time-out: its loop beats, or our own timer for it, and
 * nothing is done.
 */
export function hasStuckSlots(clock: ClockReading): boolean {
  const { slots, slotsInUse, paused, expectedWaitMs, oldestTaskMs, youngestTaskMs, responseTimeoutMs } = clock
  if (slots === null || slots === 0 || slotsInUse === null || slotsInUse < slots || paused) return false
  if (expectedWaitMs > 0 || responseTimeoutMs === null) return false
  const youngestMs = youngestTaskMs ?? oldestTaskMs
  return youngestMs !== null && youngestMs > responseTimeoutMs
}

/** Whether one of them went on between the looks: slow is not stuck, however late it is. */
export function hasMovingTask(view: View): boolean {
  return tasksOf(view).some((task) => task.moved === true)
}
