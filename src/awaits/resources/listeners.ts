/** Listeners of an emitter as node's EventEmitter keeps them: one function or an array of them for each event. */
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import { valuesOf } from './collections.js'

const MAX_LISTENERS = 20

export function listenersOf(objects: Objects, emitter: Tagged, event: string): readonly Tagged[] {
  const events = objects.getObject(emitter, ['_events'])
  const listeners = events === 0 ? 0 : (objects.get(events, event) ?? 0)
  const list = objects.heap.is(listeners, 'JS_ARRAY') ? valuesOf(objects, listeners, MAX_LISTENERS) : [listeners]
  return list.map((each) => plainListener(objects, each)).filter((each) => objects.heap.isFunction(each))
}

/** That of `once` is wrapped, and a property of the wrapper. */
export function plainListener(objects: Objects, listener: Tagged): Tagged {
  const { heap } = objects
  if (!heap.isFunction(listener) && !heap.is(listener, 'JS_BOUND_FUNCTION')) return 0
  const wrapped = objects.get(listener, 'listener') ?? 0
  return heap.isFunction(wrapped) ? wrapped : listener
}

/**
 * Whether a slot of a path is a table of listeners of the package component-emitter, as socket.io's clients are: `_callbacks`,
 * with the names of events behind a `$`.
 */
export function isComponentTable(parts: readonly { readonly slot: string }[], at: number): boolean {
  return parts[at]?.slot === '._callbacks' && parts[at + 1]?.slot.startsWith('.$') === true
}
