/**
 * The way from where a search ended down to the promise, as a reader would write it: `module{costMeter} > Mutex.waiters`,
 * `Socket.[client] > Client.[queue] > Request.[handler] > onConnect()`. What only carries (property stores, arrays,
 * tables, resolving functions) is folded into the name of the slot that leads to it.
 */
import type { PathPart } from '../../model/await.js'
import type { SuspendedFunctions } from '../scan/suspended.js'
import type { Tagged, V8Heap } from '../../v8/heap/heap.js'
import { ELEMENTS_OFFSET, PROPERTIES_OFFSET, TABLE_OFFSET, type Objects } from '../../v8/objects/objects.js'
import type { CodeScopes } from '../../v8/objects/code-scopes.js'
import type { HeapPathPart } from './heap-path-part.js'
import { byDecidingEvent, throughDecidingEvent } from './deciding-event.js'
import { objectOf, stepsDown, type Finding, type Step, type StepKey } from '../search/wait-search.js'

const MAX_PARTS = 14
const LEFT_OUT: PathPart = { name: '...', slot: '', role: 'other' }

/** The parts without their addresses, as they go into the evidence. */
export function plainParts(parts: readonly HeapPathPart[]): PathPart[] {
  const named = parts.filter((part) => part.name + part.slot !== '')
  const plain = named.map(({ name, slot, role }): PathPart => ({ name, slot, role }))
  if (plain.length > MAX_PARTS) plain.splice(MAX_PARTS - 3, plain.length - MAX_PARTS + 1, LEFT_OUT)
  return plain
}

/** Which entry of a collection it is says nothing of it, and its key may be anybody's value. */
export function withoutKeys(parts: readonly PathPart[]): PathPart[] {
  return parts.map((part) => (part.role === 'collection' ? { ...part, slot: '' } : part))
}

/** lib/internal/webstreams: what a web stream, its reader or its writer keeps to itself. A list above it is no queue of who waits. */
export function isOfWebStream({ name, slot }: PathPart): boolean {
  return slot === '.[kState]' && WEB_STREAM.test(name)
}

const WEB_STREAM = /^(?:Readable|Writable|Transform)Stream|^JSTransferable$/

export class Paths {
  readonly #objects: Objects
  readonly #heap: V8Heap
  readonly #scopes: CodeScopes
  readonly #suspended: SuspendedFunctions

  constructor(objects: Objects, scopes: CodeScopes, suspended: SuspendedFunctions) {
    this.#objects = objects
    this.#heap = objects.heap
    this.#scopes = scopes
    this.#suspended = suspended
  }

  parts(finding: Finding, end: StepKey): HeapPathPart[] {
    return byDecidingEvent({ objects: this.#objects, scopes: this.#scopes }, this.#partsMet(finding, end))
  }

  /** The way from the table of an emitter's listeners, whichever way the search came to that. */
  fromListeners(finding: Finding, emitter: Tagged, table: StepKey): HeapPathPart[] {
    const reading = { objects: this.#objects, scopes: this.#scopes }
    return throughDecidingEvent(reading, emitter, this.#partsMet(finding, table), 0)
  }

  #partsMet(finding: Finding, end: StepKey): HeapPathPart[] {
    const chain = stepsDown(finding, end)
    const parts: HeapPathPart[] = []
    for (let i = 0; i + 1 < chain.length; i++) {
      const key = chain[i] ?? 0
      const step = finding.steps.get(key)
      if (step === null || step === undefined) continue
      const object = objectOf(key)
      const next = chain[i + 1]
      const inner = this.#innerStep(finding, object, step, next)
      const part = this.#part(object, step, inner, parts.at(-1)?.slot === '.[kEvents]')
      if (inner !== null) i++
      if (part !== null) parts.push({ object, ...part })
    }
    return parts
  }

  /** When the slot holds a property store, elements or a table, the slot inside that one is what matters. */
  #innerStep(finding: Finding, object: Tagged, step: Step, next: StepKey | undefined): Step | null {
    if (next === undefined) return null
    const inner = finding.steps.get(next)
    if (inner === null || inner === undefined) return null
    const store = inner.type === this.#heap.types.PROPERTY_ARRAY || this.#objects.isFixedArrayType(inner.type)
    if (!store) return null
    const type = this.#heap.typeOf(object)
    const owns =
      this.#objects.isObjectType(type) || (this.#heap.isFunctionType(type) && step.offset === PROPERTIES_OFFSET)
    return owns ? inner : null
  }

  #part(object: Tagged, step: Step, inner: Step | null, inEvents: boolean): PathPart | null {
    const heap = this.#heap
    const { types } = heap
    const { type } = step
    if (heap.isContextType(type)) return this.#scopePart(object, step)
    if (heap.isFunctionType(type)) return this.#functionPart(object, step, inner)
    if (type === types.JS_PROMISE) return { name: 'Promise', slot: '.then', role: 'promise' }
    if (type === types.PROPERTY_CELL) {
      return { name: `globalThis.${this.#objects.keyText(heap.field(object, 8))}`, slot: '', role: 'global' }
    }
    if (type === types.PROMISE_REACTION || type === types.PROMISE_CAPABILITY || type === types.CONTEXT_CELL) return null
    const index = this.#suspended.byGenerator.get(object)
    if (index !== undefined) {
      const one = this.#suspended.list[index]
      const slot = step.offset === heap.layout.generator.receiver ? '(this)' : ''
      return { name: `suspended ${one?.function.name ?? '(anonymous)'}`, slot, role: 'suspended' }
    }
    if (this.#objects.isObjectType(type)) {
      return {
        name: this.#objects.className(object) || 'Object',
        slot: this.#objectSlot(object, type, step, inner, inEvents),
        role: heap.isCollectionType(type) ? 'collection' : 'object',
      }
    }
    return this.#objects.isFixedArrayType(type) || type === types.PROPERTY_ARRAY
      ? null
      : { name: '', slot: '', role: 'other' }
  }

  #scopePart(object: Tagged, step: Step): PathPart | null {
    if (step.settles) return null
    const { type, offset } = step
    const { context } = this.#heap.layout
    const variable = this.#scopes.variableAt(object, offset)
    const slot = variable === '' ? '' : `{${variable}}`
    if (this.#scopes.isNativeContextType(type)) return { name: 'native context', slot: '', role: 'global' }
    if (this.#scopes.isModuleScope(object, type)) return { name: 'module', slot, role: 'module' }
    if (offset === context.slots + 8 * context.previousIndex) return null
    const name = this.#scopes.scopeName(object)
    return { name: name === '' ? 'scope' : `scope of ${name}`, slot, role: 'scope' }
  }

  #functionPart(object: Tagged, step: Step, inner: Step | null): PathPart | null {
    if (this.#scopes.isResolver(object)) return null
    const info = this.#objects.functions.ofFunction(object)
    const slot = inner === null || step.offset !== PROPERTIES_OFFSET ? '' : this.#propertySlot(object, inner)
    if (info?.name === null || info === null) return { name: '(anonymous)()', slot, role: 'function' }
    return { name: `${info.name}()`, slot, role: 'function' }
  }

  #objectSlot(object: Tagged, type: number, step: Step, inner: Step | null, inEvents: boolean): string {
    const heap = this.#heap
    const { types } = heap
    if (type === types.JS_BOUND_FUNCTION) return ''
    if (inner !== null && step.offset === PROPERTIES_OFFSET) return this.#propertySlot(object, inner)
    if (inner !== null && step.offset === ELEMENTS_OFFSET) return `[${inner.offset / 8 - 2}]`
    if (inner !== null && step.offset === TABLE_OFFSET && (type === types.JS_MAP || type === types.JS_SET)) {
      return this.#tableSlot(heap.field(object, TABLE_OFFSET), type === types.JS_MAP, inner.offset / 8 - 2, inEvents)
    }
    const slot = this.#objects.layoutOf(heap.field(object, 0)).slots.find((known) => known.offset === step.offset)
    return slot === undefined ? '' : this.#dotted(this.#objects.keyText(slot.key))
  }

  #propertySlot(object: Tagged, inner: Step): string {
    const heap = this.#heap
    const index = inner.offset / 8 - 2
    const layout = this.#objects.layoutOf(heap.field(object, 0))
    if (layout.dictionary) {
      const entry = Math.floor((index - heap.layout.dictionaryStart) / 3)
      const key = heap.element(heap.field(object, PROPERTIES_OFFSET), heap.layout.dictionaryStart + 3 * entry)
      return this.#dotted(this.#objects.keyText(key))
    }
    const slot = layout.slots.find((known) => known.index === index)
    return slot === undefined ? '' : this.#dotted(this.#objects.keyText(slot.key))
  }

  /** OrderedHashMap and OrderedHashSet: counts, buckets, then entries of key, value, chain or key, chain. */
  #tableSlot(table: Tagged, isMap: boolean, index: number, inEvents: boolean): string {
    const heap = this.#heap
    const buckets = heap.smiOf(heap.element(table, 2)) ?? 0
    const width = isMap ? 3 : 2
    const place = index - 3 - buckets
    if (place < 0) return ''
    if (!isMap || place % width !== 1) return '.has()'
    const key = heap.element(table, 3 + buckets + Math.floor(place / width) * width)
    const number = this.#objects.number(key)
    if (number !== null) return `.get(${number})`
    // A key may be a value of the application's: numbers say which entry, texts could say too much. An event's name
    // is none.
    return inEvents ? `.${this.#objects.keyText(key)}` : '.get()'
  }

  #dotted(key: string): string {
    return key === '' ? '' : `.${key}`
  }
}
