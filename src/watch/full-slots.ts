/**
 * Slots that stay full of the same tasks: another reason for an early look, since the loop beats and no clock is silent.
 *
 * A busy worker's slots are full as a rule, and its tasks may last for minutes. So a look is due only after twice the
 * longest time that this clock's full slots ever stayed as they were and then moved: what is usual there is learnt, and
 * costs one look for each doubling at most.
 */
import type { ObservedClock } from '../heartbeat/clock-reader.js'

const EARLY_MS = 2_000
/** How much longer than ever before. */
const UNUSUAL = 2

interface Seen {
  unmovedMs: number
  /** Longest that was followed by a movement. */
  longestMs: number
}

export class FullSlots {
  private readonly seen = new Map<string, Seen>()

  /** Once a turn, for every clock that is open; `id` tells clocks of the same name apart. */
  observe(clocks: readonly ObservedClock[], idOf: (clock: ObservedClock) => string): void {
    const open = new Set<string>()
    for (const clock of clocks) {
      const id = idOf(clock)
      open.add(id)
      const seen = this.seen.get(id) ?? { unmovedMs: 0, longestMs: 0 }
      const now = unmovedMs(clock)
      if (now < seen.unmovedMs) seen.longestMs = Math.max(seen.longestMs, seen.unmovedMs)
      seen.unmovedMs = now
      this.seen.set(id, seen)
    }
    for (const id of this.seen.keys()) if (!open.has(id)) this.seen.delete(id)
  }

  deserveEarlyLook(id: string): boolean {
    const seen = this.seen.get(id)
    return seen !== undefined && seen.unmovedMs > Math.max(EARLY_MS, UNUSUAL * seen.longestMs)
  }
}

/** For how long all slots are taken, no task in them changed and no poll was answered; 0 when that is not so. */
export function unmovedMs(clock: ObservedClock): number {
  if (clock.paused || clock.kind === 'event-loop' || clock.expectedWaitMs > 0) return 0
  if (clock.slots === null || clock.slots === 0 || clock.slotsInUse === null || clock.slotsInUse < clock.slots) return 0
  const youngestMs = clock.youngestTaskMs ?? null
  return youngestMs === null ? 0 : Math.min(youngestMs, clock.lastSuccessMs ?? clock.openForMs)
}
