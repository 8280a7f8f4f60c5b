/** What the watch thread decided, as one sentence. */
import { formatDuration } from '../model/amounts.js'
import type { Heal, HealOutcome } from '../model/heal.js'
import type { Stall } from '../model/stall.js'
import { printable } from './terminal.js'

/** With what was done about it, where something was. */
export function stallSentence(stall: Stall): string {
  const { heal } = stall
  return heal === undefined ? silenceSentence(stall) : `${silenceSentence(stall)} ${healSentence(heal)}`
}

const OUTCOMES: Readonly<Record<HealOutcome, string>> = {
  answered: 'A poll was answered after its dead connection was closed from inside',
  'no-answer': 'Its dead connection was closed from inside, and that did not help',
  alive: 'Its connection was left open: it answered when it was asked',
  'not-found': 'Its dead connection could not be closed from inside: no single socket has these ends',
  failed: 'Its dead connection could not be closed from inside',
}

/** A later version may know more outcomes: what it wrote of the steps is told all the same. */
function healSentence({ outcome, connection, incident, steps }: Heal): string {
  const ends = `${printable(connection.local)} to ${printable(connection.peer)}`
  const told = steps.map(({ atMs, text }) => `after ${formatDuration(atMs)} ${printable(text)}`).join(', ')
  const what = OUTCOMES[outcome] ?? printable(outcome)
  return `${what} (${ends}, named by incident ${printable(incident)}): ${told}.`
}

function silenceSentence(stall: Stall): string {
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
