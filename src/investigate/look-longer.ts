/**
 * Where answers lie unread while something moves: a client that leaks its connections goes on in bursts, and one burst falls
 * between most pairs of looks.
 */
import { hasUnreadAnswers } from '../evidence/unread-answers.js'
import type { CapturedLook } from '../model/look.js'

/** A burst of a leaking client lasts a second or two, its standstill until a server or a collection frees something. */
const BURST_MS = 2_500
const APART_MS = 600
/** On a crowded machine looks lie so far apart that a burst falls between most of them: two of several have none. */
const FURTHER_LOOKS = 5

export interface LongerMeans {
  /** Whether anything was seen to move between these looks. */
  readonly isBeating: (looks: readonly CapturedLook[]) => boolean
  /** A look after so many ms; null where no time is left for it. */
  readonly look: (pauseMs: number) => Promise<CapturedLook | null>
  /** Whether the process is gone: then what was just read counts for nothing. */
  readonly hasEnded: () => boolean
}

/**
 * Further looks, after the burst, until one is like an earlier one: those two then stand for all. Without such a pair the
 * last two do. `looks` is changed in place.
 */
export async function lookLonger(looks: CapturedLook[], { isBeating, look, hasEnded }: LongerMeans): Promise<void> {
  if (!hasUnreadAnswers(looks) || !isBeating(looks)) return
  const seen: CapturedLook[] = []
  for (let more = 0; more < FURTHER_LOOKS; more++) {
    const next = await look(more === 0 ? BURST_MS : APART_MS)
    if (next === null) break
    if (hasEnded()) return
    looks.push(next)
    const alike = seen.findLast((earlier) => !isBeating([earlier, next]))
    if (alike !== undefined) {
      looks.splice(0, looks.length, alike, next)
      return
    }
    seen.push(next)
  }
  looks.splice(0, looks.length - 2)
}
