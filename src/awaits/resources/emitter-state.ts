/**
 * Whether an emitter has done with the event that somebody waits for: a closed readline interface emits no line, a child
 * that has ended no exit. Told by the object's own fields alone, so it needs no search to be proved.
 */
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'

const FLAGS: readonly (readonly [string, string])[] = [
  ['closed', 'closed'],
  ['_closed', 'closed'],
  ['#closed', 'closed'],
  ['destroyed', 'destroyed'],
  ['_destroyed', 'destroyed'],
]
/** Events that may still come when an object is closed. */
const LAST = /^(?:error|close)$/

/** `closed`; null when nothing says that it is over. */
export function overOf(objects: Objects, emitter: Tagged, event: string): string | null {
  if (!objects.heap.is(emitter, 'JS_OBJECT')) return null
  if (objects.className(emitter) === 'ChildProcess') return event === 'exit' ? endOfChild(objects, emitter) : null
  if (LAST.test(event)) return null
  for (const [name, word] of FLAGS) if (objects.getBoolean(emitter, [name]) === true) return word
  return null
}

/** `exitCode` and `signalCode` are null while it runs. */
function endOfChild(objects: Objects, child: Tagged): string | null {
  if (objects.getNumber(child, ['exitCode']) !== null) return 'over: it has exited'
  const signal = objects.getText(child, ['signalCode'], 20)
  return signal === null ? null : `over: it was ended by ${signal}`
}
