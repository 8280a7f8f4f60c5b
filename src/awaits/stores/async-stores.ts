/**
 * The AsyncLocalStorage stores that a piece of code runs with, as they lie in the heap.
 *
 * - Node 24 and later: an AsyncContextFrame, a Map from each AsyncLocalStorage to its store
 *   (lib/internal/async_context_frame.js). V8 keeps it as the continuation-preserved embedder data: of the code that
 *   runs in its isolate, of what is parked in the promise reaction that resumes it.
 * - Node 20 and 22, and later ones with --no-async-context-frame: each store is an own property of the async resource,
 *   under a symbol called kResourceStore (lib/internal/async_local_storage/async_hooks.js, in 20 lib/async_hooks.js);
 *   24 and later keep those together in one object under kAsyncLocalStorageContext.
 *   The resource of an await is the promise that V8 makes for it when somebody follows promises, the capability of its
 *   reaction; an async function's own promise has the stores it was called with.
 */
import type { Tagged } from '../../v8/heap/heap.js'
import { mapEntries } from '../../v8/objects/collections.js'
import type { Objects } from '../../v8/objects/objects.js'

/** More than any process has. */
const MAX_STORES = 32
const STORAGE_CLASS = 'AsyncLocalStorage'
const STORE_KEY = '[kResourceStore]'
const STORES_KEY = '[kAsyncLocalStorageContext]'

/** Stores of an AsyncContextFrame; none when `frame` is no such Map. */
export function storesOfContextFrame(objects: Objects, frame: Tagged): Tagged[] {
  return mapEntries(objects.heap, frame, MAX_STORES)
    .filter(({ key }) => objects.heap.is(key, 'JS_OBJECT') && objects.className(key) === STORAGE_CLASS)
    .map(({ value }) => value)
}

/** Stores that hang at an async resource: a promise, a timer, a handle. */
export function storesOfResource(objects: Objects, resource: Tagged): Tagged[] {
  if (!objects.isObject(resource)) return []
  const together = objects.get(resource, STORES_KEY) ?? 0
  const holder = objects.isObject(together) ? together : resource
  const stores = [...objects.properties(holder)].filter(({ name }) => name === STORE_KEY)
  return stores.slice(0, MAX_STORES).map(({ value }) => value)
}
