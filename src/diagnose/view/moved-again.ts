/** A clock that fell silent and beat again while it was looked at: no stall any more, though one that may come back. */
import type { Evidence } from '../../model/evidence.js'
import type { ClockReading } from '../../model/heartbeat.js'

/**
 * The clock of the stall, when it beat since the stall was noticed and is not silent again for as long as that took;
 * else null. Of an event loop that stood still nothing is taken back: what kept it shows where it will stand again.
 */
export function movedAgain({ stall, looks }: Pick<Evidence, 'stall' | 'looks'>): ClockReading | null {
  if (stall === null || stall.trigger !== 'loop-silence' || stall.level !== 'warn') return null
  const before = stall.clocks.find((clock) => clock.name === stall.clock)
  const now = looks.at(-1)?.clocks?.find((clock) => clock.name === stall.clock)
  if (before === undefined || now === undefined || now.ended || now.paused) return null
  return now.beats > before.beats && now.ageMs < stall.thresholdMs ? now : null
}
