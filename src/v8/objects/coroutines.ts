/**
 * Async functions that a compiler has made of generators: TypeScript below ES2017 (`__awaiter`), Babel and SWC
 * (`_asyncToGenerator`), esbuild (`__async`), and the package co. Each steps a plain generator by the callbacks of the
 * promise that it yielded, in a scope that keeps the generator and both resolving functions of its result. Where the engine
 * was to have no generators either, an object of the compiler's stands in for one (`state-machines.ts`).
 */
import { beforeBody } from '../../source/state-switch.js'
import type { Tagged, V8Heap } from '../heap/heap.js'
import type { FunctionInfo, Functions } from './functions.js'
import { type StateMachine, StateMachines } from './state-machines.js'

/** From the callback's own scope out to that of the generator: in `__awaiter` it is the next one. */
const MAX_SCOPES = 3
const MAX_SLOTS = 24
const MAX_TEXT = 400
/** `generator.next(value)`, or the name of the method as Babel hands it on. */
const STEPS = /\bnext\b/

interface Coroutine {
  /** Or the object that stands in for it. */
  readonly generator: Tagged
  readonly result: Tagged
}

export class Coroutines {
  readonly #heap: V8Heap
  readonly #functions: Functions
  /** By SharedFunctionInfo: whether its text steps anything. */
  readonly #steppers = new Map<Tagged, boolean>()
  readonly #results = new Map<Tagged, Tagged>()
  readonly #machines: StateMachines

  constructor(heap: V8Heap, functions: Functions) {
    this.#heap = heap
    this.#functions = functions
    this.#machines = new StateMachines(heap, functions)
  }

  flush(): void {
    this.#results.clear()
    this.#machines.flush()
  }

  /** What stands in for a generator, as it is now; null when `object` does not. */
  machineOf(object: Tagged): StateMachine | null {
    return this.#machines.of(object)
  }

  /** The suspended generator that a promise's callback steps; null when it steps none. */
  steppedBy(handler: Tagged): Tagged | null {
    if (!this.#heap.isFunction(handler) || !this.#isStepper(this.#heap.functionShared(handler))) return null
    const found = this.#inScopes(handler)
    if (found === null) return null
    this.#results.set(found.generator, found.result)
    return found.generator
  }

  /** The promise that the generator's end settles; 0 when nothing was seen to step it. */
  resultOf(generator: Tagged): Tagged {
    return this.#results.get(generator) ?? 0
  }

  #isStepper(shared: Tagged): boolean {
    let known = this.#steppers.get(shared)
    if (known === undefined) {
      const info = this.#functions.info(shared)
      const length = info === null || info.script === null || info.start < 0 ? 0 : info.end - info.start
      known = length > 0 && length <= MAX_TEXT && STEPS.test(info?.script?.source(info.start, length) ?? '')
      this.#steppers.set(shared, known)
    }
    return known
  }

  #inScopes(handler: Tagged): Coroutine | null {
    const heap = this.#heap
    const { context: layout, generator: generators } = heap.layout
    let context = heap.functionContext(handler)
    let generator: Tagged = 0
    let result: Tagged = 0
    for (let depth = 0; depth < MAX_SCOPES && heap.isContext(context); depth++) {
      const length = Math.min(heap.smi(context, layout.length) ?? 0, MAX_SLOTS)
      for (let slot = layout.extensionIndex; slot < length; slot++) {
        const value = this.#value(heap.contextSlot(context, slot))
        const isPlain = heap.is(value, 'JS_GENERATOR_OBJECT') && (heap.smi(value, generators.continuation) ?? -1) >= 0
        if (isPlain || this.#machines.of(value) !== null) {
          // Two of them in one scope: which one is stepped can't be told.
          if (generator !== 0 && generator !== value) return null
          generator = value
        } else if (result === 0) result = this.#settledBy(value)
      }
      if (generator !== 0 && result !== 0) return { generator, result }
      context = heap.contextSlot(context, layout.previousIndex)
    }
    return null
  }

  /** The promise of a resolving function. */
  #settledBy(value: Tagged): Tagged {
    const heap = this.#heap
    if (!heap.isFunction(value)) return 0
    const context = heap.functionContext(value)
    const { extensionIndex, length } = heap.layout.context
    if (!heap.isContext(context) || (heap.smi(context, length) ?? 0) <= extensionIndex) return 0
    if (this.#functions.info(heap.functionShared(value))?.script !== null) return 0
    const promise = heap.contextSlot(context, extensionIndex)
    return heap.is(promise, 'JS_PROMISE') ? promise : 0
  }

  /** Out of the cell that V8 14 may keep it in. */
  #value(slot: Tagged): Tagged {
    return this.#heap.is(slot, 'CONTEXT_CELL') ? this.#heap.field(slot, 8) : slot
  }
}

const MAX_HEAD = 600
/** `reserve(sku) { return __awaiter(this, void 0, void 0, function* `, `const reserve = (sku) => __async(null, null, function* `. */
const WRAPPED =
  /(?<![\w$])([A-Za-z_$][\w$]*)\s*(?:[:=]\s*(?:function\s*)?)?\((?:[^(){}]|\([^(){}]*\))*\)\s*(?:=>\s*)?\{?\s*(?:(?:if\s*\([^{}]*\)\s*\{[^{}]*\}|var\s+[^{};]*;)\s*)*(?:return\s+)?[\w$.]*(?:awaiter|async)[\w$]*\([^{}()]*function\s*\*\s*$/
/** `_reserve = _asyncToGenerator(function* `. */
const ASSIGNED = /(?<![\w$])(?!_ref\d*\s)_*([A-Za-z_$][\w$]*)\s*=\s*[\w$.]*asyncToGenerator[\w$]*\(\s*function\s*\*\s*$/
/** Babel's for a function that had no name of its own: `var reserve = function () { var _ref = _asyncToGenerator(function* `. */
const REFERRED =
  /(?<![\w$])([A-Za-z_$][\w$]*)\s*[:=]\s*(?:\/\*[^*]*\*\/\s*)?function\s*\(\)\s*\{\s*var\s+_ref\d*\s*=\s*[\w$.]*asyncToGenerator[\w$]*\(\s*function\s*\*\s*$/

/** The name that the async function had before its body became a generator without one; null when the text tells none. */
export function compiledName({ script, start }: Pick<FunctionInfo, 'script' | 'start'>): string | null {
  if (script === null || start <= 0) return null
  const from = Math.max(0, start - MAX_HEAD)
  const text = script.source(from, start - from) ?? ''
  const head = beforeBody(text) ?? text
  return WRAPPED.exec(head)?.[1] ?? REFERRED.exec(head)?.[1] ?? ASSIGNED.exec(head)?.[1] ?? null
}

/** regenerator calls the function of all steps `reserve$`, after the async function; one without a name `_callee$`. */
export function nameOfSteps({ name }: Pick<FunctionInfo, 'name'>): string | null {
  return name?.endsWith('$') === true && !name.startsWith('_callee') ? name.slice(0, -1) : null
}
