/** An event loop that stands still, as a sign: the loop's own clock tells since when, the looks only what they saw. */
import { strong, type Sign } from './candidate.js'
import { seconds } from './phrases.js'
import type { ThreadView, View } from './view.js'

/** Shorter looks than this prove nothing: a callback may take that long. */
const TELLING_SPAN_MS = 200

/** Null when the loop turned, or was not read in two looks that are far enough apart. */
export function standstillSign(view: View, thread: ThreadView): Sign | null {
  if (thread.turns !== 0 || view.spanMs < TELLING_SPAN_MS) return null
  return strong(`its event loop has not turned for ${seconds(standstillMs(view, thread))}`)
}

/** `, for 25 s`, where the loop itself tells for how long: empty while that is no more than the looks show anyway. */
export function standstillText(view: View, thread: ThreadView): string {
  const ms = standstillMs(view, thread)
  return thread.turns === 0 && ms >= 1000 ? `, for ${seconds(ms)}` : ''
}

function standstillMs(view: View, { last }: ThreadView): number {
  return Math.max(view.spanMs, last.loop?.stuckMs ?? 0)
}
