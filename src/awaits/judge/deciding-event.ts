/**
 * One waiter often listens for several events of a stream (node's end-of-stream.js for `finish`, `end`, `close` and
 * `error`), and which of them a search meets first differs from run to run: the table of an emitter's listeners may be a
 * hash table. What is named is the event that the wait is for: `finish` while what is written is not through, `end` while
 * what is read is not over, else `close`.
 */
import type { Tagged } from '../../v8/heap/heap.js'
import type { CodeScopes } from '../../v8/objects/code-scopes.js'
import type { Objects } from '../../v8/objects/objects.js'
import { listenersOf, plainListener } from '../resources/listeners.js'
import { isStream, isToEnd, isToFinish } from '../resources/stream-states.js'
import type { HeapPathPart } from './heap-path-part.js'

const OF_END = /^\.(?:finish|end|close|error)$/

interface Reading {
  readonly objects: Objects
  readonly scopes: CodeScopes
}

/** The same path through the event that decides; `parts` themselves where that is the one they go through. */
export function byDecidingEvent(reading: Reading, parts: HeapPathPart[]): HeapPathPart[] {
  const at = parts.findLastIndex((part) => part.slot === '._events')
  const emitter = parts[at]
  return emitter === undefined ? parts : throughDecidingEvent(reading, emitter.object, parts, at + 1)
}

/** @param at of the table of the emitter's listeners among the parts */
export function throughDecidingEvent(
  reading: Reading,
  emitter: Tagged,
  parts: HeapPathPart[],
  at: number,
): HeapPathPart[] {
  const table = parts[at]
  if (table === undefined || !OF_END.test(table.slot) || !isStream(reading.objects, emitter)) return parts
  const listenerAt = parts[at + 1]?.role === 'collection' ? at + 2 : at + 1
  const met = plainListener(reading.objects, parts[listenerAt]?.object ?? 0)
  if (met === 0) return parts
  for (const event of decidingOf(reading, emitter, met)) {
    if (table.slot === `.${event}`) return parts
    const same = listenersOf(reading.objects, emitter, event).find((each) =>
      isSame(reading, met, each, parts, listenerAt),
    )
    if (same === undefined) continue
    const name = reading.objects.functions.ofFunction(same)?.name ?? '(anonymous)'
    const listener: HeapPathPart = { object: same, name: `${name}()`, slot: '', role: 'function' }
    return [...parts.slice(0, at), { ...table, slot: `.${event}` }, listener, ...parts.slice(listenerAt + 1)]
  }
  return parts
}

/** Events by which the wait may end, the one that decides first. */
function decidingOf(reading: Reading, emitter: Tagged, listener: Tagged): readonly string[] {
  const { objects } = reading
  // end-of-stream.js: which sides it waits for.
  const waitsFor = (side: string): boolean => booleanOf(reading, listener, side) !== false
  return [
    ...(isToFinish(objects, emitter) && waitsFor('writable') ? ['finish'] : []),
    ...(isToEnd(objects, emitter) && waitsFor('readable') ? ['end'] : []),
    'close',
  ]
}

/** Whether another listener goes on to the promise by what the path goes on by: it is the same, or of the same scope. */
function isSame(
  { objects, scopes }: Reading,
  met: Tagged,
  other: Tagged,
  parts: readonly HeapPathPart[],
  at: number,
): boolean {
  if (met === other) return true
  const { heap } = objects
  if (heap.functionContext(met) !== heap.functionContext(other)) return false
  const variable = /^\{(.+)\}$/.exec(parts[at + 1]?.slot ?? '')?.[1]
  return variable !== undefined && scopes.mentions(other, variable)
}

function booleanOf({ objects, scopes }: Reading, closure: Tagged, variable: string): boolean | null {
  const { heap } = objects
  const context = heap.functionContext(closure)
  if (!heap.isContext(context)) return null
  for (const [slot, name] of scopes.variables(context)) {
    if (name !== variable) continue
    const text = objects.oddball(scopes.unwrapCell(heap.contextSlot(context, slot)))
    return text === 'true' ? true : text === 'false' ? false : null
  }
  return null
}
