/**
 * What the agent keeps in a worker: its threads, ports and timers. Nobody waits for those, whatever a search can reach from
 * them. Known by where their listeners and callbacks come from.
 */
import { originOf } from '../../source/origin.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import { scriptPath } from '../../v8/objects/scripts.js'
import { entriesOf } from './collections.js'

const CLASSES: ReadonlySet<string> = new Set(['Worker', 'Timeout', 'Immediate'])
const MAX_LISTENERS = 20

/** Of some objects those that are the agent's, with what its threads keep: their handles and ports. */
export function agentsOwn(objects: Objects, candidates: readonly Tagged[]): ReadonlySet<Tagged> {
  const own = new Set<Tagged>()
  for (const object of candidates) {
    if (!isAgentsOwn(objects, object)) continue
    own.add(object)
    if (objects.className(object) !== 'Worker') continue
    for (const { value } of objects.properties(object)) if (objects.isObject(value)) own.add(value)
  }
  return own
}

function isAgentsOwn(objects: Objects, object: Tagged): boolean {
  if (!CLASSES.has(objects.className(object))) return false
  return callbacksOf(objects, object).some((fn) => isAgentCode(objects, fn))
}

function callbacksOf(objects: Objects, object: Tagged): Tagged[] {
  const callback = objects.getObject(object, ['_onTimeout', '_onImmediate'])
  const events = objects.getObject(object, ['_events'])
  const listeners = events === 0 ? [] : [...objects.properties(events, MAX_LISTENERS)].map(({ value }) => value)
  return [callback, ...listeners].flatMap((value) =>
    objects.heap.is(value, 'JS_ARRAY') ? entriesOf(objects, value, MAX_LISTENERS) : [value],
  )
}

/** `once` wraps its listener in a bound function of node's, which keeps it as `listener`. */
function isAgentCode(objects: Objects, fn: Tagged): boolean {
  if (fn === 0) return false
  const listener = objects.getObject(fn, ['listener'])
  return [fn, listener].some((each) => {
    if (each === 0 || !objects.heap.isFunction(each)) return false
    return originOf(scriptPath(objects.functions.ofFunction(each)?.script?.name ?? null)) === 'agent'
  })
}
