/**
 * Scopes and the code that can use them. A closure keeps its whole scope alive, but can use only the variables that
 * its text mentions: so whoever holds a closure can reach a variable of its scope only when the closure mentions it.
 */
import type { Objects } from './objects.js'
import type { Tagged, V8Heap } from '../heap/heap.js'
import { callsVariable, handsOnError, mentionsVariable, mentionsWord, worksWith } from './mentions.js'
import { readScopeInfo, scopeOfContext } from './scopes.js'

const MAX_TEXT = 4 << 20
/** src/objects/contexts.h: the instance types of contexts follow one another in this order from the first on. */
const MODULE_CONTEXT = 6
const NATIVE_CONTEXT = 7
const SCRIPT_CONTEXT = 8
/** Slots of a resolving function's context (src/builtins/builtins-promise-gen.h, PromiseResolvingFunctionContextSlot). */
const RESOLVING_PROMISE = 2
const RESOLVING_ALREADY = 3

/**
 * A module's own function is the whole text, or begins with a wrapper's head: in a module that has no variables in a context
 * a function's scope is the outermost too, and begins further on.
 */
const MODULE_STARTS_BY = 80

export class CodeScopes {
  readonly #objects: Objects
  readonly #heap: V8Heap
  readonly #mentions = new Map<Tagged, { readonly text: string | null; readonly known: Map<string, boolean> }>()
  readonly #names = new Map<Tagged, { readonly first: number; readonly bySlot: ReadonlyMap<number, string> }>()
  readonly #resolverIds = new Set<number>()
  readonly #resolving = new Map<Tagged, boolean>()

  constructor(objects: Objects) {
    this.#objects = objects
    this.#heap = objects.heap
  }

  isNativeContextType(type: number): boolean {
    return type === this.#heap.layout.ranges.firstContext + NATIVE_CONTEXT
  }

  nativeContextType(): number {
    return this.#heap.layout.ranges.firstContext + NATIVE_CONTEXT
  }

  /** Context of a promise's resolving functions: no variables; the promise, then whether it was resolved already. */
  isResolving(context: Tagged): boolean {
    const known = this.#resolving.get(context)
    if (known !== undefined) return known
    const heap = this.#heap
    const length = heap.smi(context, heap.layout.context.length)
    const resolving =
      // 5 words up to V8 13 (a debug event besides), 4 in 14.
      (length === 4 || length === 5) &&
      heap.isContext(context) &&
      readScopeInfo(heap, heap.contextSlot(context, heap.layout.context.scopeInfoIndex)).contextLocals === 0 &&
      heap.is(heap.contextSlot(context, RESOLVING_PROMISE), 'JS_PROMISE') &&
      ['true', 'false'].includes(this.#objects.oddball(heap.contextSlot(context, RESOLVING_ALREADY)) ?? '')
    this.#resolving.set(context, resolving)
    return resolving
  }

  promiseOfResolving(context: Tagged): Tagged {
    return this.#heap.contextSlot(context, RESOLVING_PROMISE)
  }

  /** Byte offset of the promise in a resolving context. */
  get resolvingOffset(): number {
    return this.#heap.layout.context.slots + 8 * RESOLVING_PROMISE
  }

  /** A resolve or reject function. */
  isResolver(fn: Tagged): boolean {
    return this.#heap.isFunction(fn) && this.isResolving(this.#heap.functionContext(fn))
  }

  /** Id of the builtin behind a function without source; null when it has none. */
  builtinId(fn: Tagged): number | null {
    const heap = this.#heap
    const shared = heap.functionShared(fn)
    const { data, untrustedData } = heap.layout.shared
    const id = heap.smi(shared, data)
    if (id !== null && id > 0) return id
    return untrustedData < 0 ? null : heap.smi(shared, untrustedData)
  }

  /**
   * Whether a resolver is the reject function. The two are told apart by their builtins' ids, which V8 declares one
   * after the other, reject first (src/builtins/promise-misc.tq); so it can be told once both have been met.
   */
  isReject(resolver: Tagged): boolean {
    const id = this.builtinId(resolver)
    if (id === null) return false
    this.#resolverIds.add(id)
    return this.#resolverIds.size === 2 && id === Math.min(...this.#resolverIds)
  }

  /** The builtins of resolving functions that were met so far. */
  get resolverIds(): readonly number[] {
    return [...this.#resolverIds]
  }

  /** Meets those that another reader of the same isolate has met. */
  meetResolvers(ids: readonly number[]): void {
    for (const id of ids) this.#resolverIds.add(id)
  }

  /** Meets the builtins of both resolving functions; to be called for whatever resolver comes along. */
  noteResolver(resolver: Tagged): void {
    const id = this.builtinId(resolver)
    if (id !== null) this.#resolverIds.add(id)
  }

  /** A scope that lives as long as its module: an ES module's, a script's, or the function CommonJS wraps a file in. */
  isModuleScope(context: Tagged, type: number): boolean {
    const heap = this.#heap
    if (this.isLongLived(type)) return true
    if (!heap.isContextType(type) || this.isNativeContextType(type) || this.isResolving(context)) return false
    const previous = heap.contextSlot(context, heap.layout.context.previousIndex)
    if (!this.isNativeContextType(heap.typeOf(previous))) return false
    const scope = scopeOfContext(heap, context)
    if (scope === 0) return false
    const { contextLocals, start } = readScopeInfo(heap, scope)
    return contextLocals > 0 && start < MODULE_STARTS_BY
  }

  /** An ES module's scope or a script's, by its type alone. */
  isLongLived(type: number): boolean {
    const first = this.#heap.layout.ranges.firstContext
    return type === first + MODULE_CONTEXT || type === first + SCRIPT_CONTEXT
  }

  /** Name of the variable at a byte offset of a context; '' when the slot is none. */
  variableAt(context: Tagged, offset: number): string {
    const { first, bySlot } = this.#variables(context)
    const slot = (offset - this.#heap.layout.context.slots) / 8
    return slot < first ? '' : (bySlot.get(slot) ?? '')
  }

  /** Names by slot index, of at most 4,000 variables. */
  variables(context: Tagged): ReadonlyMap<number, string> {
    return this.#variables(context).bySlot
  }

  #variables(context: Tagged): { readonly first: number; readonly bySlot: ReadonlyMap<number, string> } {
    const heap = this.#heap
    const scope = scopeOfContext(heap, context)
    const length = heap.smi(context, heap.layout.context.length) ?? 0
    const known = this.#names.get(scope)
    if (known !== undefined) return known
    const bySlot = new Map<number, string>()
    let first = Number.MAX_SAFE_INTEGER
    if (scope !== 0) {
      const info = readScopeInfo(heap, scope)
      // The function's own name takes a slot behind the locals when bits 12-13 are 2 (src/objects/scope-info.h).
      first = length - info.contextLocals - (((info.flags >>> 12) & 3) === 2 ? 1 : 0)
      const inlined = info.contextLocals < heap.layout.scopeInfo.maxInlinedLocals
      const names = heap.field(scope, 8 + 8 * info.firstLocal)
      if (inlined) {
        for (let i = 0; i < info.contextLocals; i++) {
          bySlot.set(first + i, heap.string(heap.field(scope, 8 + 8 * (info.firstLocal + i)), 200) ?? '')
        }
      } else {
        const capacity = Math.min(heap.smiOf(heap.element(names, 2)) ?? 0, 10_000)
        for (let entry = 0; entry < capacity && bySlot.size < 4_000; entry++) {
          const name = heap.string(heap.element(names, 3 + 2 * entry), 200)
          const index = heap.smiOf(heap.element(names, 4 + 2 * entry))
          if (name !== null && index !== null) bySlot.set(first + index, name)
        }
      }
    }
    const variables = { first, bySlot }
    this.#names.set(scope, variables)
    return variables
  }

  /** Name of the function a scope belongs to; '' when it has none. */
  scopeName(context: Tagged): string {
    const scope = scopeOfContext(this.#heap, context)
    if (scope === 0) return ''
    const info = readScopeInfo(this.#heap, scope)
    return info.name === '' ? info.inferredName : info.name
  }

  /** Value of a variable, out of the cell that V8 14 may keep it in. */
  unwrapCell(value: Tagged): Tagged {
    return this.#heap.is(value, 'CONTEXT_CELL') ? this.#heap.field(value, 8) : value
  }

  /**
   * Whether the source text of a function (what it contains included) mentions a variable. True when the text can't be
   * had, or calls eval: then nothing is ruled out.
   */
  mentions(fn: Tagged, variable: string): boolean {
    return this.#asks(fn, variable, 'variable')
  }

  /** The same of a word that may be a property's name. */
  mentionsWord(fn: Tagged, word: string): boolean {
    return this.#asks(fn, word, 'word')
  }

  /** Whether it calls the variable itself: null when its text can't be had. */
  calls(fn: Tagged, variable: string): boolean | null {
    const text = this.#textOf(this.#heap.functionShared(fn))
    return text === null ? null : callsVariable(text, variable)
  }

  /** Whether its text runs code of the variable's object, or hands that on: null when its text can't be had. */
  worksWith(fn: Tagged, variable: string): boolean | null {
    const text = this.#textOf(this.#heap.functionShared(fn))
    return text === null ? null : worksWith(text, variable)
  }

  /** Whether its text makes an error and hands it to what it calls: then it is how a wait fails. */
  handsOnError(fn: Tagged): boolean {
    const text = this.#textOf(this.#heap.functionShared(fn))
    return text !== null && handsOnError(text)
  }

  #asks(fn: Tagged, name: string, as: 'variable' | 'word'): boolean {
    if (!/^[\w$]+$/.test(name)) return true
    const shared = this.#heap.functionShared(fn)
    let entry = this.#mentions.get(shared)
    if (entry === undefined) {
      entry = { text: this.#textOf(shared), known: new Map() }
      this.#mentions.set(shared, entry)
    }
    if (entry.text === null) return true
    const key = `${as} ${name}`
    let answer = entry.known.get(key)
    if (answer === undefined) {
      answer = as === 'word' ? mentionsWord(entry.text, name) : mentionsVariable(entry.text, name)
      entry.known.set(key, answer)
    }
    return answer
  }

  #textOf(shared: Tagged): string | null {
    const info = this.#objects.functions.info(shared)
    if (info === null || info.script === null || info.start < 0 || info.end <= info.start) return null
    return info.script.source(info.start, Math.min(info.end - info.start, MAX_TEXT))
  }
}
