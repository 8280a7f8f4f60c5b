/** Words that stand in a ticket so that it can be found again, in forms that every search engine takes as one word. */
import type { Marks } from '../contract/sink.js'

export function marksOf(incident: string, fingerprint: string | null): Marks {
  return { incident: `stall-${incident.toLowerCase()}`, cause: fingerprint === null ? null : `stall-${fingerprint}` }
}
