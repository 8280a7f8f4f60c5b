/** What the watch thread decided, as one sentence. */
import { formatDuration } from '../model/amounts.js'
import type { Stall } from '../model/stall.js'
import { printable } from './terminal.js'

export function stallSentence(stall: Stall): string {
  const clock = stall.clock === null ? '' : ` of ${printable(stall.clock)}`
  const age = formatDuration(stall.ageMs)
  const limit = formatDuration(stall.thresholdMs)
  switch (stall.trigger) {
    case 'loop-silence':
      return `The poll loop${clock} was silent for ${age} (${stall.level} at ${limit}).`
    case 'event-loop':
      return `The event loop had not turned for ${age} (${stall.level} at ${limit}).`
    case 'poll-success':
      return `No poll${clock} was answered for ${age} (${stall.level} at ${limit}).`
    case 'startup':
      return `No poll loop had started ${age} after the start (${stall.level} at ${limit}).`
    case 'outside':
      return `Seen from outside for ${age}: ${printable(stall.reason ?? 'in trouble')} (${stall.level} at ${limit}).`
    case 'ended':
      return `The poll loop${clock} ended though nobody had stopped it.`
    case 'manual':
      return `Asked for by hand${stall.reason === undefined ? '' : `: ${printable(stall.reason)}`}.`
    case 'early':
      return `An early look${clock}, silent for ${age}.`
    default:
      // A later version's, out of its bundle.
      return `A stall${clock} of ${age}, noticed as ${printable(String(stall.trigger))}.`
  }
}
