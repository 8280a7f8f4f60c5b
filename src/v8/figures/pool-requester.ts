/**
 * Who asked the thread pool for a piece of work: from the C++ object of the request to its JavaScript object, and on
 * to the suspended function that awaits its promise, or to the user's callback. Exact for fs promises (the line of the
 * await) and for callbacks (where the callback is defined); crypto and zlib lead to the callback through node's own
 * closures. Where only node's code is found, nothing is said.
 */
import { toAddress, type Address } from '../../model/address.js'
import type { PoolWork } from '../../model/loop.js'
import { originOf } from '../../source/origin.js'
import { CodeScopes } from '../objects/code-scopes.js'
import type { FunctionInfo, Functions } from '../objects/functions.js'
import { Generators } from '../objects/generators.js'
import type { Tagged, V8Heap } from '../heap/heap.js'
import { Objects } from '../objects/objects.js'
import { PromiseLinks } from '../objects/promises.js'
import { scriptPath, type LineColumn } from '../objects/scripts.js'

/** node::BaseObject: vtable, then the handle of its JavaScript object (src/base_object.h). */
const BASE_OBJECT_HANDLE = 8
/** A request, its context object, the callback in a closure of node's: three steps; one more for streams. */
const MAX_DEPTH = 4
const MAX_OBJECTS = 200
const MAX_WORDS = 64
const MAX_AWAITERS = 20
const WORD = 8

type Place = NonNullable<PoolWork['queuedBy']>

export class PoolRequesters {
  readonly #heap: V8Heap
  readonly #functions: Functions
  readonly #objects: Objects
  readonly #scopes: CodeScopes
  readonly #generators: Generators
  readonly #links: PromiseLinks

  constructor(heap: V8Heap, functions: Functions) {
    this.#heap = heap
    this.#functions = functions
    this.#objects = new Objects(heap, functions)
    this.#scopes = new CodeScopes(this.#objects)
    this.#generators = new Generators(heap, functions)
    this.#links = new PromiseLinks(heap, functions)
  }

  /** Undefined where only node's own code is found. */
  of(owner: Address): Place | undefined {
    const heap = this.#heap
    const slot = heap.memory.word(toAddress(owner + BASE_OBJECT_HANDLE))
    const object = slot % WORD === 0 && slot !== 0 ? heap.memory.word(toAddress(slot)) : 0
    if (!heap.isPointer(object)) return undefined
    const seen = new Set<Tagged>([object])
    let level: Tagged[] = [object]
    for (let depth = 0; depth <= MAX_DEPTH && level.length > 0; depth++) {
      // The nearest answer wins; of one level the promise, which knows the very line.
      for (const word of level) {
        const place = heap.is(word, 'JS_PROMISE') ? this.#awaiterOf(word) : undefined
        if (place) return place
      }
      for (const word of level) {
        const place = heap.isFunction(word) ? this.#callbackOf(word) : undefined
        if (place) return place
      }
      const next: Tagged[] = []
      for (const held of level.flatMap((word) => this.#heldBy(word))) {
        if (seen.has(held) || seen.size >= MAX_OBJECTS) continue
        seen.add(held)
        next.push(held)
      }
      level = next
    }
    return undefined
  }

  /** The innermost awaiter in the user's code, else in a dependency. */
  #awaiterOf(promise: Tagged): Place | undefined {
    let dependency: Place | undefined
    let awaited = promise
    for (let step = 0; step < MAX_AWAITERS; step++) {
      const [generator] = this.#links.awaitersOf(awaited, 1)
      const suspended = generator === undefined ? null : this.#generators.suspendedAt(generator)
      if (!suspended || generator === undefined) break
      const place = placeOf(suspended.function, suspended.place)
      const origin = originOf(place.file)
      if (origin === 'user') return place
      if (origin === 'dependency') dependency ??= place
      awaited = this.#generators.promiseOf(generator)
    }
    return dependency
  }

  #callbackOf(fn: Tagged): Place | undefined {
    const info = this.#functions.ofFunction(fn)
    if (!info?.script) return undefined
    const place = placeOf(info, this.#functions.definition(info))
    return ['user', 'dependency'].includes(originOf(place.file)) ? place : undefined
  }

  /** What a request, a plain object or a closure of node's holds. Nothing else is opened: other objects lead everywhere. */
  #heldBy(word: Tagged): Tagged[] {
    const heap = this.#heap
    if (heap.isFunction(word)) {
      const context = heap.functionContext(word)
      // A builtin `resolve` or `reject` keeps its promise in its context.
      if (this.#scopes.isResolving(context)) return [this.#scopes.promiseOfResolving(context)]
      // A user's closure was an answer already; of node's only its own scope, never the module's.
      const ownScope =
        this.#functions.ofFunction(word)?.script != null &&
        heap.isContext(context) &&
        !this.#scopes.isModuleScope(context, heap.typeOf(context))
      return ownScope ? this.#variablesOf(context) : []
    }
    const type = heap.typeOf(word)
    const plain = type === heap.types.JS_OBJECT || this.#objects.isApiType(type)
    if (!plain && type !== heap.types.PROPERTY_ARRAY) return []
    const size = this.#objects.sizeOf(word, heap.field(word, 0), type)
    return this.#pointersOf(word, Number.isNaN(size) ? 0 : Math.min(size / WORD, MAX_WORDS))
  }

  /** Word 0 is the map. */
  #pointersOf(object: Tagged, words: number): Tagged[] {
    const held: Tagged[] = []
    for (let index = 1; index < words; index++) {
      const word = this.#heap.field(object, index * WORD)
      if (this.#heap.isPointer(word)) held.push(word)
    }
    return held
  }

  #variablesOf(context: Tagged): Tagged[] {
    const heap = this.#heap
    const length = Math.min(heap.smi(context, heap.layout.context.length) ?? 0, MAX_WORDS)
    const held: Tagged[] = []
    for (let slot = heap.layout.context.previousIndex + 1; slot < length; slot++) {
      const word = this.#scopes.unwrapCell(heap.contextSlot(context, slot))
      if (heap.isPointer(word) && !heap.isContext(word)) held.push(word)
    }
    return held
  }
}

function placeOf(info: FunctionInfo, at: LineColumn | null): Place {
  return {
    function: info.name,
    file: scriptPath(info.script?.name ?? null),
    line: at?.line ?? null,
    column: at?.column ?? null,
  }
}
