/**
 * Who asked the thread pool for a piece of work: from the C++ object of the request to its JavaScript object, and on
 * to the suspended function that awaits its promise, or to the user's callback. Exact for fs promises (the line of the
 * await) and for callbacks (where the callback is defined); crypto and zlib lead to the callback through node's own
 * closures. Where only node's code is found, nothing is said.
 */
import { toAddress, type Address } from '../../model/address.js'
import type { PoolWork } from '../../model/loop.js'
import type { FunctionInfo, Functions } from '../objects/functions.js'
import type { Generators } from '../objects/generators.js'
import type { Tagged, V8Heap } from '../heap/heap.js'
import { scriptPath, type LineColumn } from '../objects/scripts.js'

/** node::BaseObject: vtable, then the handle of its JavaScript object (src/base_object.h). */
const BASE_OBJECT_HANDLE = 8
/** A request, its context object, the callback in a closure of node's: three steps; one more for streams. */
const MAX_DEPTH = 4
const MAX_OBJECTS = 200
const MAX_WORDS = 64
const MAX_AWAITERS = 20
const WORD = 8
/** Context types in order (src/objects/contexts.tq): NATIVE_CONTEXT_TYPE is the eighth. */
const NATIVE_CONTEXT = 7

type Place = NonNullable<PoolWork['queuedBy']>

export function poolRequester(
  heap: V8Heap,
  functions: Functions,
  generators: Generators,
  owner: Address,
): Place | undefined {
  const slot = heap.memory.word(toAddress(owner + BASE_OBJECT_HANDLE))
  const object = slot % WORD === 0 && slot !== 0 ? heap.memory.word(toAddress(slot)) : 0
  if (!heap.isPointer(object)) return undefined
  const seen = new Set<Tagged>([object])
  let level: Tagged[] = [object]
  for (let depth = 0; depth <= MAX_DEPTH && level.length > 0; depth++) {
    // The nearest answer wins; of one level the promise, which knows the very line.
    for (const word of level) {
      const place = heap.is(word, 'JS_PROMISE') ? awaiterOf(generators, word) : undefined
      if (place) return place
    }
    for (const word of level) {
      const place = heap.isFunction(word) ? callbackOf(functions, word) : undefined
      if (place) return place
    }
    const next: Tagged[] = []
    for (const word of level) {
      for (const held of heldBy(heap, functions, word)) {
        if (seen.has(held) || seen.size >= MAX_OBJECTS) continue
        seen.add(held)
        next.push(held)
      }
    }
    level = next
  }
  return undefined
}

/** The innermost awaiter in the user's code, else in a dependency. */
function awaiterOf(generators: Generators, promise: Tagged): Place | undefined {
  let dependency: Place | undefined
  let awaited = promise
  for (let step = 0; step < MAX_AWAITERS; step++) {
    const [generator] = generators.awaitersOf(awaited, 1)
    const suspended = generator === undefined ? null : generators.suspendedAt(generator)
    if (!suspended || generator === undefined) break
    const place = placeOf(suspended.function, suspended.place)
    if (isUsers(place.file)) return place
    if (isDependencys(place.file)) dependency ??= place
    awaited = generators.promiseOf(generator)
  }
  return dependency
}

function callbackOf(functions: Functions, fn: Tagged): Place | undefined {
  const info = functions.ofFunction(fn)
  if (!info?.script) return undefined
  const place = placeOf(info, functions.definition(info))
  return isUsers(place.file) || isDependencys(place.file) ? place : undefined
}

function placeOf(info: FunctionInfo, at: LineColumn | null): Place {
  return {
    function: info.name,
    file: scriptPath(info.script?.name ?? null),
    line: at?.line ?? null,
    column: at?.column ?? null,
  }
}

function isDependencys(file: string | null): boolean {
  return file !== null && !file.startsWith('node:') && file.includes('/node_modules/')
}

function isUsers(file: string | null): boolean {
  return file !== null && !file.startsWith('node:') && !file.includes('/node_modules/')
}

/** What a request, a plain object or a closure of node's holds. Nothing else is opened: other objects lead everywhere. */
function heldBy(heap: V8Heap, functions: Functions, word: Tagged): Tagged[] {
  if (heap.isFunction(word)) {
    // A user's closure was an answer already; of node's only its own scope, never the module's.
    const context = heap.functionContext(word)
    if (!functions.ofFunction(word)?.script) return settledPromise(heap, context)
    return heap.isContext(context) && !isModuleScope(heap, context) ? contextSlots(heap, context) : []
  }
  if (heap.is(word, 'PROPERTY_ARRAY')) return words(heap, word, 2, 2 + propertyCount(heap, word))
  if (!isPlain(heap, word)) return []
  const size = sizeInWords(heap, word)
  // Word 1 is the out-of-object properties, word 2 the elements.
  return words(heap, word, 1, size)
}

/** A builtin `resolve` or `reject` keeps its promise in its context (src/builtins/promise-misc.tq). */
function settledPromise(heap: V8Heap, context: Tagged): Tagged[] {
  const promise = heap.isContext(context) ? heap.contextSlot(context, heap.layout.context.extensionIndex) : 0
  return heap.is(promise, 'JS_PROMISE') ? [promise] : []
}

function isPlain(heap: V8Heap, word: Tagged): boolean {
  const type = heap.typeOf(word)
  const { types, layout } = heap
  if (type === types.JS_OBJECT || type === layout.ranges.specialApiObject) return true
  // Objects made from an embedder's templates; their types end where those of functions begin.
  return (
    type >= layout.ranges.firstApiObject && type < layout.ranges.firstJsFunction && layout.ranges.firstApiObject > 0
  )
}

function sizeInWords(heap: V8Heap, object: Tagged): number {
  const map = heap.field(object, 0)
  const size = heap.isPointer(map) ? heap.memory.u8(toAddress(map - 1 + heap.layout.map.sizeInWords)) : 0
  return Math.min(size, MAX_WORDS)
}

/** The low bits of a property array's length are its length, the others the object's hash (src/objects/property-array.h). */
function propertyCount(heap: V8Heap, array: Tagged): number {
  return Math.min((heap.smi(array, WORD) ?? 0) & 0x3ff, MAX_WORDS)
}

function words(heap: V8Heap, object: Tagged, from: number, to: number): Tagged[] {
  const held: Tagged[] = []
  for (let index = from; index < to; index++) {
    const word = heap.field(object, index * WORD)
    if (heap.isPointer(word)) held.push(word)
  }
  return held
}

/** Node's modules are wrapped in a function, whose scope lies right in the native context. */
function isModuleScope(heap: V8Heap, context: Tagged): boolean {
  const previous = heap.contextSlot(context, heap.layout.context.previousIndex)
  return !heap.isContext(previous) || heap.typeOf(previous) === heap.layout.ranges.firstContext + NATIVE_CONTEXT
}

function contextSlots(heap: V8Heap, context: Tagged): Tagged[] {
  const length = Math.min(heap.smi(context, heap.layout.context.length) ?? 0, MAX_WORDS)
  const held: Tagged[] = []
  for (let slot = heap.layout.context.previousIndex + 1; slot < length; slot++) {
    const value = heap.contextSlot(context, slot)
    // 14.6 keeps variables that change in a cell of their own.
    const word = heap.is(value, 'CONTEXT_CELL') ? heap.field(value, WORD) : value
    if (heap.isPointer(word) && !heap.isContext(word)) held.push(word)
  }
  return held
}
