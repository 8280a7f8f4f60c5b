/**
 * Async functions that a compiler has made of plain functions: TypeScript and SWC for ES5 (`__generator`), and regenerator
 * (Babel). Each has an object that steps it, by its own `next` or `_invoke`; that function's scopes keep the state, an
 * object that the compiler's code makes, and the function of all steps, whose text is a `switch` over the state's number.
 */
import { isStateSwitch, leftForState } from '../../source/state-switch.js'
import type { Tagged, V8Heap } from '../heap/heap.js'
import { CodeScopes } from './code-scopes.js'
import type { FunctionInfo, Functions } from './functions.js'
import { Objects } from './objects.js'
import type { LineColumn } from './scripts.js'

const MAX_SCOPES = 3
const MAX_SLOTS = 40
/** Properties of the object that steps, and of the state. */
const MAX_PROPERTIES = 20
/** Of the text of a function of all steps, as far as its `switch`. */
const MAX_HEAD = 1_200
const MAX_TEXT = 1 << 20
/** TypeScript and SWC; regenerator-runtime; Babel since 7.27. By the first the state is told, by the others known as one. */
const STATES: readonly (readonly [string, ...string[]])[] = [
  ['label', 'trys', 'ops', 'sent'],
  ['next', 'prev', 'tryEntries'],
  ['n', 'p', 'v', 'a', 'f', 'd'],
]
const RECEIVERS = new Set(['thisArg', 'self'])

export interface StateMachine {
  /** What steps it: its identity. */
  readonly object: Tagged
  /** The function of all steps. */
  readonly body: Tagged
  /** `this` of the function; 0 where it can't be told. */
  readonly receiver: Tagged
  /** The state in which it goes on. */
  readonly label: number
}

export class StateMachines {
  readonly #heap: V8Heap
  readonly #functions: Functions
  #objects: Objects
  #scopes: CodeScopes
  /** By SharedFunctionInfo. */
  readonly #bodies = new Map<Tagged, boolean>()

  constructor(heap: V8Heap, functions: Functions) {
    this.#heap = heap
    this.#functions = functions
    this.#objects = new Objects(heap, functions)
    this.#scopes = new CodeScopes(this.#objects)
  }

  flush(): void {
    this.#objects = new Objects(this.#heap, this.#functions)
    this.#scopes = new CodeScopes(this.#objects)
    this.#bodies.clear()
  }

  /** As it is now; null when `object` steps none, or when it has come to its end. */
  of(object: Tagged): StateMachine | null {
    const heap = this.#heap
    if (!heap.is(object, 'JS_OBJECT')) return null
    const step = this.#stepOf(object)
    const { context: layout } = heap.layout
    let context = step === 0 ? 0 : heap.functionContext(step)
    for (let depth = 0; depth < MAX_SCOPES && heap.isContext(context); depth++) {
      const found = this.#inScope(object, context)
      if (found !== null) return found
      context = heap.contextSlot(context, layout.previousIndex)
    }
    return null
  }

  #stepOf(object: Tagged): Tagged {
    const value = this.#objects.getAny(object, ['next', '_invoke'])
    return value !== undefined && this.#heap.isFunction(value) ? value : 0
  }

  #inScope(object: Tagged, context: Tagged): StateMachine | null {
    const heap = this.#heap
    const { extensionIndex, length } = heap.layout.context
    const end = Math.min(heap.smi(context, length) ?? 0, MAX_SLOTS)
    let body: Tagged = 0
    let label: number | null = null
    for (let slot = extensionIndex; slot < end; slot++) {
      const value = this.#scopes.unwrapCell(heap.contextSlot(context, slot))
      if (body === 0 && this.#isBody(value)) body = value
      else label ??= this.#labelOf(value)
    }
    return body === 0 || label === null ? null : { object, body, receiver: this.#receiverIn(context), label }
  }

  #isBody(value: Tagged): boolean {
    if (!this.#heap.isFunction(value)) return false
    const shared = this.#heap.functionShared(value)
    let known = this.#bodies.get(shared)
    if (known === undefined) {
      const info = this.#functions.info(shared)
      const length = info === null || info.script === null || info.start < 0 ? 0 : info.end - info.start
      known = length > 0 && isStateSwitch(info?.script?.source(info.start, Math.min(length, MAX_HEAD)) ?? '')
      this.#bodies.set(shared, known)
    }
    return known
  }

  #labelOf(value: Tagged): number | null {
    if (!this.#heap.is(value, 'JS_OBJECT')) return null
    const names = new Map<string, Tagged>()
    for (const property of this.#objects.properties(value, MAX_PROPERTIES)) names.set(property.name, property.value)
    for (const [first, ...others] of STATES) {
      const label = this.#heap.smiOf(names.get(first) ?? 0)
      if (names.has(first) && label !== null && label >= 0 && others.every((name) => names.has(name))) return label
    }
    return null
  }

  #receiverIn(context: Tagged): Tagged {
    for (const [slot, name] of this.#scopes.variables(context)) {
      if (RECEIVERS.has(name)) return this.#scopes.unwrapCell(this.#heap.contextSlot(context, slot))
    }
    return 0
  }
}

/** Of the function of all steps, the `return` by which it left to wait; where its text does not tell, its beginning. */
export function placeOfLabel(functions: Functions, info: FunctionInfo, label: number): LineColumn | null {
  const { script, start, end } = info
  const isTold = script !== null && start >= 0 && end > start && end - start <= MAX_TEXT
  const left = isTold ? leftForState(script.source(start, end - start) ?? '', label) : -1
  return left < 0 ? functions.definition(info) : (script?.lineColumn(start + left) ?? null)
}
