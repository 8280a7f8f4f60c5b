/** What keeps the memory of a heap, in words: the collection, its variable, and about how much. */
import type { Holding, Retained } from '../../model/retained.js'
import { megabytes } from './phrases.js'
import { fileLine } from './queue-words.js'

const KINDS = { map: 'a Map', set: 'a Set', array: 'an array', object: 'an object', string: 'a text' } as const
/** Of the heap: what keeps less than this of it does not explain it. */
const TELLING = 0.2
const MOST_TOLD = 2

/** Those that keep a good part of the heap, the largest first. */
export function tellingHoldings(retained: Retained | null | undefined): readonly Holding[] {
  const used = retained?.heapBytes ?? null
  if (retained == null || used === null) return []
  return retained.holdings.filter(({ heldBytes }) => heldBytes >= TELLING * used).slice(0, MOST_TOLD)
}

/** `a Map of 338001 entries (Order) in cache (orders.js:5), about 82 MB`. */
export function holdingText(holding: Holding): string {
  const { kind, count, entries, heldBytes } = holding
  const of = kind === 'string' ? `${count} characters` : `${count} entries${entries === null ? '' : ` (${entries})`}`
  return `${KINDS[kind]} of ${of} in ${keeperText(holding)}, about ${megabytes(heldBytes)}`
}

/** `ledger (Ledger.#entries, orders.js:7)`: the variable, the property of the first object behind it, and the declaration. */
export function keeperText({ parts, declared, by }: Pick<Holding, 'parts' | 'declared' | 'by'>): string {
  const scope = parts.find(({ slot }) => /^\{.+\}$/.test(slot))
  const global = parts[0]?.role === 'global' ? parts[0].name : null
  const name = declared?.variable ?? scope?.slot.slice(1, -1) ?? global
  const property = parts.find(({ role, slot }) => role === 'object' && slot.startsWith('.'))
  const at = declared === null ? null : fileLine(declared)
  const more = [property === undefined ? null : `${property.name}${property.slot}`, at].filter((each) => each !== null)
  if (name === null)
    return more.length > 0 ? more.join(', ') : by === 'stack' ? 'a variable of what runs' : 'native code'
  return more.length === 0 ? name : `${name} (${more.join(', ')})`
}
