/**
 * Suspended functions (src/objects/js-generator.tq) and who awaits a promise (js-promise.tq, promise.tq): the same
 * way V8 itself goes for async stack traces (src/execution/isolate.cc, CaptureAsyncStackTrace), and a step further.
 */
import type { Functions, FunctionInfo } from './functions.js'
import type { Tagged, V8Heap } from '../heap/heap.js'
import type { LineColumn } from './scripts.js'

const MAX_REACTIONS = 1000
const MAX_DEPTH = 12
const PENDING = 0
const STATUS_MASK = 3
/** Promise.all, race and their like keep the capability in one of the first slots of their closure's context. */
const CAPABILITY_SLOTS = 6

export interface SuspendedPlace {
  readonly generator: Tagged
  readonly function: FunctionInfo
  /** Null when the position can't be told. */
  readonly place: LineColumn | null
}

export class Generators {
  readonly #heap: V8Heap
  readonly #functions: Functions

  constructor(heap: V8Heap, functions: Functions) {
    this.#heap = heap
    this.#functions = functions
  }

  isGenerator(object: Tagged): boolean {
    const type = this.#heap.typeOf(object)
    const { types } = this.#heap
    return (
      type === types.JS_ASYNC_FUNCTION_OBJECT ||
      type === types.JS_ASYNC_GENERATOR_OBJECT ||
      type === types.JS_GENERATOR_OBJECT
    )
  }

  /** Where a suspended generator stands; null when it runs, has ended, or makes no sense. */
  suspendedAt(generator: Tagged): SuspendedPlace | null {
    const heap = this.#heap
    const layout = heap.layout.generator
    if (!this.isGenerator(generator)) return null
    const continuation = heap.smi(generator, layout.continuation)
    if (continuation === null || continuation < 0) return null
    const info = this.#functions.ofFunction(heap.field(generator, layout.function))
    if (!info || info.bytecode === 0 || !heap.isContext(heap.field(generator, layout.context))) return null
    const offset = this.#functions.bytecodeOffset(heap.smi(generator, layout.inputOrPosition), info.bytecode)
    return { generator, function: info, place: this.#functions.lineOfBytecode(info, info.bytecode, offset) }
  }

  /** The promise that settles when the generator's function ends or next yields; 0 without one. */
  promiseOf(generator: Tagged): Tagged {
    const heap = this.#heap
    const layout = heap.layout.generator
    const type = heap.typeOf(generator)
    if (type === heap.types.JS_ASYNC_FUNCTION_OBJECT) return heap.field(generator, layout.promise)
    if (type !== heap.types.JS_ASYNC_GENERATOR_OBJECT) return 0
    const request = heap.field(generator, layout.queue)
    return heap.is(request, 'ASYNC_GENERATOR_REQUEST') ? heap.field(request, heap.layout.asyncRequest.promise) : 0
  }

  isPending(promise: Tagged): boolean {
    const heap = this.#heap
    if (!heap.is(promise, 'JS_PROMISE')) return false
    const flags = heap.smi(promise, heap.layout.promise.flags)
    return flags !== null && (flags & STATUS_MASK) === PENDING
  }

  /** Generators that go on when `promise` settles: directly, or through then, resolve functions, all, race and any. */
  awaitersOf(promise: Tagged, limit = MAX_REACTIONS): Tagged[] {
    const found: Tagged[] = []
    this.#collect(promise, 0, new Set(), found, limit)
    return found
  }

  #collect(promise: Tagged, depth: number, seen: Set<Tagged>, found: Tagged[], limit: number): void {
    const heap = this.#heap
    if (depth > MAX_DEPTH || seen.has(promise) || !this.isPending(promise)) return
    seen.add(promise)
    const { reaction } = heap.layout
    let next = heap.field(promise, heap.layout.promise.reactionsOrResult)
    for (let count = 0; count < MAX_REACTIONS && found.length < limit && heap.is(next, 'PROMISE_REACTION'); count++) {
      if (!this.#followHandler(heap.field(next, reaction.fulfill), depth, seen, found, limit)) {
        this.#followCapability(heap.field(next, reaction.capability), depth, seen, found, limit)
      }
      next = heap.field(next, reaction.next)
    }
  }

  #followHandler(handler: Tagged, depth: number, seen: Set<Tagged>, found: Tagged[], limit: number): boolean {
    const heap = this.#heap
    if (!heap.isFunction(handler)) return false
    const context = heap.functionContext(handler)
    if (!heap.isContext(context)) return false
    const length = heap.smi(context, heap.layout.context.length) ?? 0
    const extension = heap.contextSlot(context, heap.layout.context.extensionIndex)
    // An await's closure carries the generator that it resumes.
    if (length > heap.layout.context.extensionIndex && this.isGenerator(extension)) {
      found.push(extension)
      return true
    }
    const info = this.#functions.ofFunction(handler)
    // A user's own closure: what its variables hold says nothing about who goes on.
    if (!info || info.script !== null) return false
    // A resolving function of another promise (async function returning a promise).
    if (heap.is(extension, 'JS_PROMISE')) {
      this.#collect(extension, depth + 1, seen, found, limit)
      return true
    }
    for (let slot = 1; slot < Math.min(length, CAPABILITY_SLOTS); slot++) {
      const held = heap.contextSlot(context, slot)
      if (!heap.is(held, 'PROMISE_CAPABILITY')) continue
      this.#collect(heap.field(held, heap.layout.capability.promise), depth + 1, seen, found, limit)
      return true
    }
    return false
  }

  #followCapability(capability: Tagged, depth: number, seen: Set<Tagged>, found: Tagged[], limit: number): void {
    const heap = this.#heap
    const promise = heap.is(capability, 'PROMISE_CAPABILITY')
      ? heap.field(capability, heap.layout.capability.promise)
      : capability
    this.#collect(promise, depth + 1, seen, found, limit)
  }
}
