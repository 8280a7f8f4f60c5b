/**
 * Clients that keep those who wait for an answer in a Map by a key of their own, whether their command was sent or not, and
 * the commands that were not sent in a list beside it, each with its key (imapflow: `requestTagMap`, `requestQueue`). The way to
 * a promise leads through the Map; only the list tells that its command still waits for its turn.
 */
import type { Tagged } from '../../v8/heap/heap.js'
import { keyOfValue } from '../../v8/objects/collections.js'
import type { Objects } from '../../v8/objects/objects.js'
import { countOf, entriesOf } from '../resources/collections.js'
import type { HeapPathPart } from './heap-path-part.js'

const UNSENT = /queue|pending|wait|backlog|unsent|to_?(?:write|send)/i
const MAX_QUEUED = 500
const MAX_ENTRIES = 2_000
const MAX_KEY = 100

export interface QueuedByKey {
  readonly owner: Tagged
  /** `.requestQueue` */
  readonly slot: string
  readonly position: number
  readonly queued: number
}

/** Where the command of the entry on this way waits; null when it was sent, or where no list says so. */
export function queuedByKey(objects: Objects, parts: readonly HeapPathPart[]): QueuedByKey | null {
  for (const [i, part] of parts.entries()) {
    const table = parts[i + 1]
    const entry = parts[i + 2]
    if (part.role !== 'object' || table === undefined || entry === undefined) continue
    if (!objects.heap.is(table.object, 'JS_MAP')) continue
    const key = keyOfValue(objects.heap, table.object, entry.object, MAX_ENTRIES)
    if (key === 0) continue
    for (const { name, value } of objects.properties(part.object)) {
      if (!UNSENT.test(name) || objects.arrayLength(value) === null) continue
      const position = entriesOf(objects, value, MAX_QUEUED).findIndex((each) =>
        hasKey(objects, each, entry.object, key),
      )
      if (position < 0) continue
      return { owner: part.object, slot: `.${name}`, position, queued: countOf(objects, value) ?? 0 }
    }
  }
  return null
}

/** Whether a queued command is the entry itself, or has the entry's key among its properties. */
function hasKey(objects: Objects, queued: Tagged, entry: Tagged, key: Tagged): boolean {
  if (queued === entry) return true
  const text = objects.heap.string(key, MAX_KEY)
  for (const { value } of objects.properties(queued, 20)) {
    if (value === key || (text !== null && objects.heap.string(value, MAX_KEY) === text)) return true
  }
  return false
}
