/**
 * Lists of those who are told of something: they look like queues of waiters, yet nobody takes turns in them. rxjs keeps
 * `observers`, the package async and many emitters of one's own keep arrays by event, emittery and mitt a Map of them.
 */
import type { WaitFacts } from '../../model/wait.js'
import { keyOfValue } from '../../v8/objects/collections.js'
import type { JudgeContext } from './judge-context.js'
import type { HeapPathPart } from './heap-path-part.js'
import { plainParts } from './paths.js'

const LIST = /^[.{][_#]*(?:current)?(?:observers?|listeners?|subscribers?|subscriptions?|handlers?)\}?$/i
/** By event: an object of arrays. */
const BY_EVENT = /^[.{][_#]*(?:events?|listeners?|handlers?|on)\}?$/i
/** Keys of tables of turns are the application's own: an account, a file. Events are named by words. */
const EVENT_NAME = /^[A-Za-z_$][\w$:.-]{0,39}$/
const MAX_EVENTS = 10_000
const MAX_NAME = 80

/** The wait for what they are told; null where the way leads through no such list. */
export function listWait(context: JudgeContext, parts: readonly HeapPathPart[]): WaitFacts | null {
  const { heap } = context.objects
  for (const [i, part] of [...parts.entries()].toReversed()) {
    const [list, inner] = parts.slice(i + 1)
    if (list === undefined) continue
    const told = toldByKey(context, part, list, inner)
    if (told !== null) return { kind: 'emitter', list: true, event: told, parts: plainParts(parts) }
    const byEvent = /^\.[\w$]+$/.test(list.slot) && BY_EVENT.test(part.slot) && heap.is(inner?.object ?? 0, 'JS_ARRAY')
    const plain = LIST.test(part.slot) && (heap.is(list.object, 'JS_ARRAY') || heap.is(list.object, 'JS_SET'))
    if (!byEvent && !plain) continue
    const name = part.role === 'object' ? `${part.name}${part.slot}` : part.slot.slice(1, -1)
    return { kind: 'emitter', list: true, owner: byEvent ? `${name}${list.slot}` : name, parts: plainParts(parts) }
  }
  return null
}

/**
 * A Map that has a Set of functions for each name: nobody takes turns in a Set, which has no first one to be served, and
 * keys of turns are no words.
 */
function toldByKey(
  { objects }: JudgeContext,
  map: HeapPathPart,
  list: HeapPathPart,
  told: HeapPathPart | undefined,
): string | null {
  const { heap } = objects
  if (!heap.is(map.object, 'JS_MAP') || !heap.is(list.object, 'JS_SET') || told?.role !== 'function') return null
  const key = keyOfValue(heap, map.object, list.object, MAX_EVENTS)
  const event = heap.isString(key) ? heap.string(key, MAX_NAME) : null
  return event !== null && EVENT_NAME.test(event) ? event : null
}
