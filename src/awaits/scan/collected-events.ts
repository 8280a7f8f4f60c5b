/**
 * Events whose listeners can settle no more: the agent keeps each event that an SDK published until it has settled
 * (StallAgentEvent, integrations/conductor/event-listeners.ts). Its promise is that of an async function: pending, and no
 * suspended function is left behind it, so the listener that it waited for was collected.
 */
import type { WaitFacts } from '../../model/wait.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import type { AwaitScan } from './await-scan.js'
import { definitionOf } from './definition.js'

export const EVENT_CLASS = 'StallAgentEvent'
const MAX_EVENTS = 1_000
const MAX_NAME = 100

/** What whoever awaits such a promise waits for, by the promise. Nothing where the heap was not read to its end. */
export function collectedEvents(objects: Objects, scan: AwaitScan): ReadonlyMap<Tagged, WaitFacts> {
  const found = new Map<Tagged, WaitFacts>()
  if (!scan.cost.complete || scan.suspended.unread > 0) return found
  for (const object of scan.others) {
    if (found.size >= MAX_EVENTS) break
    if (!objects.heap.is(object, 'JS_OBJECT') || objects.className(object) !== EVENT_CLASS) continue
    const promise = objects.getObject(object, ['promise'])
    if (promise === 0 || !scan.links.isPending(promise) || scan.suspended.byResult.has(promise)) continue
    found.set(promise, waitOf(objects, object))
  }
  return found
}

function waitOf(objects: Objects, object: Tagged): WaitFacts {
  const event = objects.getText(object, ['event'], MAX_NAME) ?? 'an event'
  const at = definitionOf(objects, objects.get(object, 'listener') ?? 0)
  return {
    kind: 'nothing',
    why: 'listener-collected',
    event,
    ...(at?.file == null || at.line === null ? {} : { madeAt: { file: at.file, line: at.line } }),
  }
}
