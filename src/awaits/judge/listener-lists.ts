/**
 * Lists of those who are told of something: they look like queues of waiters, yet nobody takes turns in them. rxjs keeps
 * `observers`, the package async and many emitters of one's own keep arrays by event.
 */
import type { WaitFacts } from '../../model/wait.js'
import type { JudgeContext } from './judge-context.js'
import type { HeapPathPart } from './heap-path-part.js'
import { plainParts } from './paths.js'

const LIST = /^[.{][_#]*(?:current)?(?:observers?|listeners?|subscribers?|subscriptions?|handlers?)\}?$/i
/** By event: an object of arrays. */
const BY_EVENT = /^[.{][_#]*(?:events?|listeners?|handlers?|on)\}?$/i

/** The wait for what they are told; null where the way leads through no such list. */
export function listWait({ objects }: JudgeContext, parts: readonly HeapPathPart[]): WaitFacts | null {
  const { heap } = objects
  for (const [i, part] of [...parts.entries()].toReversed()) {
    const [list, inner] = parts.slice(i + 1)
    if (list === undefined) continue
    const byEvent = /^\.[\w$]+$/.test(list.slot) && BY_EVENT.test(part.slot) && heap.is(inner?.object ?? 0, 'JS_ARRAY')
    const plain = LIST.test(part.slot) && (heap.is(list.object, 'JS_ARRAY') || heap.is(list.object, 'JS_SET'))
    if (!byEvent && !plain) continue
    const name = part.role === 'object' ? `${part.name}${part.slot}` : part.slot.slice(1, -1)
    return { kind: 'emitter', list: true, owner: byEvent ? `${name}${list.slot}` : name, parts: plainParts(parts) }
  }
  return null
}
