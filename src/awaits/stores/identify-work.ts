/**
 * What a store says about whose work it is. Two shapes are known; of any other only its keys are read, and only on
 * request, since a store may hold whatever the application likes.
 *
 * - Conductor's SDK, 3.0 and later: a TaskContext that holds the whole task
 *   (src/sdk/worker/context/TaskContext.ts there, private field `_task`).
 * - OpenTelemetry's context: a Map under `_currentContext`, the span under a symbol that names it
 *   (api/src/context/context.ts, api/src/trace/context-utils.ts); a span has its `_spanContext`, of whichever class.
 */
import type { Work, WorkStore, WorkTask, WorkTrace } from '../../model/work.js'
import type { Tagged } from '../../v8/heap/heap.js'
import { mapEntries } from '../../v8/objects/collections.js'
import type { Objects } from '../../v8/objects/objects.js'

const MAX_TEXT = 200
const MAX_KEYS = 10
const MAX_CONTEXT_KEYS = 64
const SPAN_KEY = '[OpenTelemetry Context Key SPAN]'

/** Of the first store that has one each; null when they say nothing. */
export function workOfStores(objects: Objects, stores: readonly Tagged[], withForeign: boolean): Work | null {
  let task: WorkTask | null = null
  let trace: WorkTrace | null = null
  const foreign: WorkStore[] = []
  for (const store of stores) {
    const ofTask = taskOfContext(objects, store)
    const context = ofTask === null ? contextOf(objects, store) : 0
    if (ofTask !== null) task ??= ofTask
    else if (context !== 0) trace ??= traceOf(objects, context)
    else if (withForeign) foreign.push(...foreignStore(objects, store))
  }
  const work: Work = {
    ...(task === null ? {} : { task }),
    ...(trace === null ? {} : { trace }),
    ...(foreign.length === 0 ? {} : { stores: foreign }),
  }
  return Object.keys(work).length === 0 ? null : work
}

/** A task as Conductor's server sends it: it has an id of its own and one of its workflow. */
export function taskOf(objects: Objects, value: Tagged): WorkTask | null {
  const { heap } = objects
  if (!heap.is(value, 'JS_OBJECT')) return null
  const fields = new Map<string, Tagged>()
  for (const { name, value: held } of objects.properties(value)) fields.set(name, held)
  const text = (name: string): string | null => heap.string(fields.get(name) ?? 0, MAX_TEXT)
  const count = (name: string): number | null => {
    const held = fields.get(name)
    return held === undefined ? null : objects.number(held)
  }
  const taskId = text('taskId')
  const workflowId = text('workflowInstanceId')
  if (taskId === null || taskId === '' || workflowId === null) return null
  return {
    taskId,
    taskType: text('taskDefName') ?? text('taskType'),
    workflowId,
    retryCount: count('retryCount'),
    pollCount: count('pollCount'),
  }
}

function taskOfContext(objects: Objects, store: Tagged): WorkTask | null {
  if (!objects.heap.is(store, 'JS_OBJECT')) return null
  const held = objects.get(store, '_task')
  return held === undefined ? null : taskOf(objects, held)
}

/** The Map inside OpenTelemetry's context; 0 when the store is none. */
function contextOf(objects: Objects, store: Tagged): Tagged {
  if (!objects.heap.is(store, 'JS_OBJECT')) return 0
  const held = objects.get(store, '_currentContext') ?? 0
  return objects.heap.is(held, 'JS_MAP') ? held : 0
}

function traceOf(objects: Objects, context: Tagged): WorkTrace | null {
  const { heap } = objects
  const entry = mapEntries(heap, context, MAX_CONTEXT_KEYS).find(
    ({ key }) => heap.is(key, 'SYMBOL') && objects.keyText(key) === SPAN_KEY,
  )
  if (entry === undefined) return null
  const ids = objects.getObject(entry.value, ['_spanContext'])
  const traceId = objects.getText(ids, ['traceId'], MAX_TEXT) ?? ''
  const spanId = objects.getText(ids, ['spanId'], MAX_TEXT) ?? ''
  const isId = /^[0-9a-f]{32}\/[0-9a-f]{16}$/.test(`${traceId}/${spanId}`) && !/^0{32}|0{16}$/.test(traceId + spanId)
  return isId ? { traceId, spanId } : null
}

function foreignStore(objects: Objects, store: Tagged): WorkStore[] {
  const { heap } = objects
  if (!objects.isObject(store)) return []
  const keys = heap.is(store, 'JS_MAP')
    ? mapEntries(heap, store, MAX_KEYS).map(({ key }) => heap.string(key, MAX_TEXT) ?? '')
    : [...objects.properties(store, MAX_KEYS)].map(({ name }) => name)
  return [{ class: objects.className(store) || 'Object', keys: keys.filter((key) => key !== '') }]
}
