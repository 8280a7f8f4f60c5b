/**
 * Waits for the next event of `events.on(emitter, name)`, which `for await` over a readline interface is too. Its
 * iterator is often held by a variable or by the interface, so a search comes to it without passing the listener that
 * feeds it: here the emitter and the event are read from the iterator's own scope. And waits for a line of an interface
 * that has none to give.
 */
import type { WaitOf } from '../../model/wait.js'
import type { Tagged, V8Heap } from '../../v8/heap/heap.js'
import type { CodeScopes } from '../../v8/objects/code-scopes.js'
import { ELEMENTS_OFFSET } from '../../v8/objects/objects.js'
import { overOf } from '../resources/emitter-state.js'
import { objectOf, stepsDown, type Finding, type StepKey } from '../search/wait-search.js'
import type { JudgeContext } from './judge-context.js'
import { plainParts } from './paths.js'
import { STREAMS } from './wait-descriptions.js'

/** lib/events.js, `on`, in Node 20 to 26: the variables that `next` and the listeners share. */
const PARKED = 'unconsumedPromises'
const EMITTER = 'emitter'
/** It is added for every iterator, beside that of the event. */
const FAILS = 'error'
/** lib/internal/readline/interface.js: what waits for a line. */
const WAITS_FOR_LINE = /^\.\[(?:line object stream|_questionCallback|kQuestionCallback)\]$/
const MAX_EVENTS = 200
const MAX_LISTENERS = 1_000

/** What the iterator on the way from `end` waits for; null where there is none. */
export function iteratorWait(
  context: JudgeContext,
  finding: Finding,
  end: StepKey,
): WaitOf<'stream' | 'emitter'> | null {
  const { objects, paths } = context
  const parts = paths.parts(finding, end)
  const listened = iteratorOn(context, finding, end) ?? lineOn(parts)
  if (listened === null) return null
  const over = overOf(context.describe, listened.emitter, listened.event)
  const owner = objects.className(listened.emitter) || 'EventEmitter'
  return {
    kind: STREAMS.test(owner) ? 'stream' : 'emitter',
    owner,
    event: listened.event,
    ...(over === null ? {} : { hopeless: true, over }),
    parts: plainParts(parts),
  }
}

interface Listened {
  readonly emitter: Tagged
  readonly event: string
}

function iteratorOn({ objects, scopes }: JudgeContext, finding: Finding, end: StepKey): Listened | null {
  const { heap } = objects
  for (const key of stepsDown(finding, end).toReversed()) {
    const scope = objectOf(key)
    if (!heap.isContext(scope)) continue
    if (slotOf(scopes, scope, PARKED) === null) continue
    // Parameters have a scope of their own where one has a default: it lies around that of the function's body.
    const outer = heap.contextSlot(scope, heap.layout.context.previousIndex)
    const emitter = variableOf(heap, scopes, scope, EMITTER) || variableOf(heap, scopes, outer, EMITTER)
    const event = objects.isObject(emitter) ? eventOf(objects, emitter, scope) : null
    if (event !== null) return { emitter, event }
  }
  return null
}

function slotOf(scopes: CodeScopes, scope: Tagged, variable: string): number | null {
  for (const [slot, name] of scopes.variables(scope)) if (name === variable) return slot
  return null
}

function variableOf(heap: V8Heap, scopes: CodeScopes, scope: Tagged, variable: string): Tagged {
  const slot = heap.isContext(scope) ? slotOf(scopes, scope, variable) : null
  return slot === null ? 0 : scopes.unwrapCell(heap.contextSlot(scope, slot))
}

/** The event whose listener is a closure of this scope. */
function eventOf(objects: JudgeContext['objects'], emitter: Tagged, scope: Tagged): string | null {
  const { heap } = objects
  const feeds = (listener: Tagged): boolean => heap.isFunction(listener) && heap.functionContext(listener) === scope
  let last: string | null = null
  let seen = 0
  for (const { name, value } of objects.properties(objects.getObject(emitter, ['_events']))) {
    if (++seen > MAX_EVENTS) break
    if (name === FAILS || !listenersOf(objects, value).some(feeds)) continue
    if (name !== 'close') return name
    last = name
  }
  return last
}

/** One function, or an array of them. */
function listenersOf(objects: JudgeContext['objects'], value: Tagged): readonly Tagged[] {
  const { heap } = objects
  const length = objects.arrayLength(value)
  if (length === null) return [value]
  const elements = heap.field(value, ELEMENTS_OFFSET)
  return Array.from({ length: Math.min(length, MAX_LISTENERS) }, (_, i) => heap.element(elements, i))
}

function lineOn(parts: readonly { readonly object: Tagged; readonly slot: string }[]): Listened | null {
  const holder = parts.findLast((part) => WAITS_FOR_LINE.test(part.slot))
  return holder === undefined ? null : { emitter: holder.object, event: 'line' }
}
