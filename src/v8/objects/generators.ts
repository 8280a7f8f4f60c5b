/**
 * Where a suspended function stands, and which promise its end settles (src/objects/js-generator.tq). Who awaits that
 * promise is known to promises.ts.
 */
import type { Functions, FunctionInfo } from './functions.js'
import type { Tagged, V8Heap } from '../heap/heap.js'
import type { LineColumn } from './scripts.js'

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
}
