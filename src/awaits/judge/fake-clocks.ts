/**
 * Timers of a clock that somebody has put in the place of Node's (Sinon's fake-timers, and with it Jest's and Vitest's): no
 * time passes there but by a call. Known by the object that holds them: `timers`, `tick` and `now`.
 */
import type { Objects } from '../../v8/objects/objects.js'
import type { HeapPathPart } from './heap-path-part.js'

/** `clock.timers`; null when no object of the path is such a clock. */
export function fakeClockOn(objects: Objects, parts: readonly HeapPathPart[]): string | null {
  for (const { object, slot } of parts) {
    if (slot !== '.timers' || !objects.heap.is(object, 'JS_OBJECT')) continue
    const names = new Set([...objects.properties(object)].map(({ name }) => name))
    if (names.has('tick') && names.has('now')) return 'clock.timers'
  }
  return null
}
