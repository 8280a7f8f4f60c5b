/**
 * A lock whose holder is no suspended function: its task ended with `return lock.acquire(...)` of the same lock, and what gives
 * the turn back is a callback of the promise that was returned. That promise is settled by an entry of the lock's own queue,
 * which is run when the turn is given back: a deadlock with itself. On the way from the queue down to who waits lie, in this order,
 * the entry, that promise, and a function that takes the next one out of the lock's queue.
 */
import { TAKES_ONE } from '../../source/turn-mentions.js'
import type { Tagged, V8Heap } from '../../v8/heap/heap.js'
import type { CodeScopes } from '../../v8/objects/code-scopes.js'
import { keyOfValue } from '../../v8/objects/collections.js'
import type { Objects } from '../../v8/objects/objects.js'
import { objectOf, stepsDown, type Finding } from '../search/wait-search.js'
import type { Locks } from './locks.js'

const MAX_SCOPES = 6
const MAX_TEXT = 20_000
const MAX_ENTRIES = 2_000
const MAX_PROPERTIES = 100
const MAX_KEY = 200

interface Judging {
  readonly objects: Objects
  readonly scopes: CodeScopes
  readonly locks: Locks
}

/** Whether the turn that is waited for is given back only once the wait is over. */
export function waitsForOwnTurn({ objects, scopes, locks }: Judging, finding: Finding): boolean {
  const { heap } = objects
  const queue = locks.nearestQueueOf(finding)
  const at = [...finding.steps.keys()].find((key) => objectOf(key) === queue)
  if (at === undefined || !heap.isCollectionType(heap.typeOf(queue))) return false
  const way = stepsDown(finding, at).map(objectOf)
  const first = way.findIndex((object, i) => i > 0 && i < way.length - 1 && heap.is(object, 'JS_PROMISE'))
  if (first < 0) return false
  const isKeyed = locks.isKeyed(finding)
  const key = isKeyed ? keyOf(objects, locks.queueOf(finding), queue) : null
  if (isKeyed && key === null) return false
  const kept = [queue, locks.queueOf(finding)]
  return way.slice(first + 1).some((object) => {
    if (!heap.isFunction(object) || !takesOne(objects, object)) return false
    const values = valuesInScopes(heap, scopes, object)
    return (
      [...values].some((value) => hasAny(objects, value, kept)) &&
      (key === null || [...values].some((value) => value === key || sameText(heap, value, key)))
    )
  })
}

/** The lock itself: what has the queue, or the table of its queues, as a property. */
function hasAny(objects: Objects, value: Tagged, kept: readonly Tagged[]): boolean {
  if (!objects.isObject(value)) return false
  if (kept.includes(value)) return true
  for (const property of objects.properties(value, MAX_PROPERTIES)) if (kept.includes(property.value)) return true
  return false
}

function takesOne({ functions }: Objects, fn: Tagged): boolean {
  const info = functions.ofFunction(fn)
  if (info === null || info.script === null || info.start < 0 || info.end - info.start > MAX_TEXT) return false
  return TAKES_ONE.test(info.script.source(info.start, info.end - info.start) ?? '')
}

/** Of a table, by what it keeps the queue; null where that can't be told. */
function keyOf(objects: Objects, table: Tagged, queue: Tagged): Tagged | string | null {
  if (objects.heap.is(table, 'JS_MAP')) {
    const key = keyOfValue(objects.heap, table, queue, MAX_ENTRIES)
    return key === 0 ? null : key
  }
  for (const { name, value } of objects.properties(table, MAX_ENTRIES)) if (value === queue) return name
  return null
}

function sameText(heap: V8Heap, value: Tagged, key: Tagged | string): boolean {
  const text = typeof key === 'string' ? key : heap.string(key, MAX_KEY)
  return text !== null && heap.string(value, MAX_KEY) === text
}

/** Of variables, below those of the module. */
function valuesInScopes(heap: V8Heap, scopes: CodeScopes, fn: Tagged): ReadonlySet<Tagged> {
  const found = new Set<Tagged>()
  let scope = heap.functionContext(fn)
  for (let depth = 0; depth < MAX_SCOPES && heap.isContext(scope); depth++) {
    const type = heap.typeOf(scope)
    if (scopes.isNativeContextType(type) || scopes.isModuleScope(scope, type)) break
    for (const [slot] of scopes.variables(scope)) found.add(scopes.unwrapCell(heap.contextSlot(scope, slot)))
    scope = heap.contextSlot(scope, heap.layout.context.previousIndex)
  }
  return found
}
