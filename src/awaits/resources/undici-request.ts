/**
 * A request of undici's, told by what it has and not by its class: a bundler calls the class what it likes (`Request2`
 * in Conductor's SDK 2.4.1, a letter where it was minified). lib/core/request.js of undici 5 to 8: `origin`, `path`,
 * `method` beside the handler under a symbol called `handler`.
 */
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'

const PROPERTIES = ['origin', 'path', 'method', '[handler]'] as const

export function isUndiciRequest(objects: Objects, object: Tagged): boolean {
  const { heap } = objects
  if (!heap.is(object, 'JS_OBJECT')) return false
  const { dictionary, slots } = objects.layoutOf(heap.field(object, 0))
  if (dictionary || slots.length < PROPERTIES.length) return false
  const names = new Set(slots.map((slot) => objects.keyText(slot.key)))
  return PROPERTIES.every((name) => names.has(name))
}
