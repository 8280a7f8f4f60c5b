/**
 * Who goes on when a promise settles: every edge from a pending promise through its reactions to a suspended function
 * or to another promise (src/objects/promise.tq, src/builtins/promise-*.tq, src/builtins/builtins-async-*-gen.cc).
 *
 * A reaction's handler is a builtin's closure whose context says what it goes on to:
 * - an await's closure keeps the generator in its extension slot;
 * - a resolving function (an async function that returned a promise, `then(resolve, reject)`) keeps its promise there;
 * - the element closures of all, allSettled and any keep the PromiseCapability in one of the first slots;
 * and everything else (`then` with a user's callback, finally, for-await's unwrapping) goes on to the promise or
 * capability that the reaction itself was made for. A user's closure says nothing by itself, but one: that which steps a
 * plain generator (`coroutines.ts`), as compiled async functions do.
 */
import { Coroutines } from './coroutines.js'
import type { Functions } from './functions.js'
import type { Tagged, V8Heap } from '../heap/heap.js'
import type { StateMachine } from './state-machines.js'

/** Bound for one promise: 100,000 functions may await the same. */
const MAX_REACTIONS = 200_000
const CAPABILITY_SLOTS = 6
const MAX_CALLBACKS = 20
/** Promises on the way from one promise to the functions that go on with it. */
const MAX_FOLLOWED = 10_000

export interface PromiseTargets {
  /** Generators, first awaiter first. */
  readonly generators: readonly Tagged[]
  /** Promises settled by this one's settling. */
  readonly promises: readonly Tagged[]
}

const NOBODY: PromiseTargets = { generators: [], promises: [] }

export class PromiseLinks {
  readonly #heap: V8Heap
  readonly #functions: Functions
  readonly #coroutines: Coroutines
  readonly #targets = new Map<Tagged, PromiseTargets>()
  /** Of a promise: the reaction that resumes each generator. */
  readonly #reactions = new Map<Tagged, ReadonlyMap<Tagged, Tagged>>()
  /** Handlers' SharedFunctionInfos: whether a builtin (no script). */
  readonly #builtins = new Map<Tagged, boolean>()

  constructor(heap: V8Heap, functions: Functions) {
    this.#heap = heap
    this.#functions = functions
    this.#coroutines = new Coroutines(heap, functions)
  }

  flush(): void {
    this.#coroutines.flush()
    this.#targets.clear()
    this.#reactions.clear()
    this.#builtins.clear()
  }

  isPending(promise: Tagged): boolean {
    if (!this.#heap.is(promise, 'JS_PROMISE')) return false
    const flags = this.#heap.smi(promise, this.#heap.layout.promise.flags)
    return flags !== null && (flags & 3) === 0
  }

  targets(promise: Tagged): PromiseTargets {
    const known = this.#targets.get(promise)
    if (known !== undefined) return known
    const targets = this.#read(promise)
    this.#targets.set(promise, targets)
    return targets
  }

  /**
   * Shows every suspended function that goes on when any of the promises settles, nearest first, through whatever lies
   * between: `then`, resolving functions, all, race and any. Ends when `visit` returns false.
   */
  visitAwaiters(promises: readonly Tagged[], visit: (generator: Tagged) => boolean): void {
    const seen = new Set<Tagged>()
    const queue = [...promises]
    for (let head = 0; head < queue.length && seen.size < MAX_FOLLOWED; head++) {
      const promise = queue[head] ?? 0
      if (seen.has(promise)) continue
      seen.add(promise)
      const targets = this.targets(promise)
      for (const generator of targets.generators) if (!visit(generator)) return
      for (const settled of targets.promises) queue.push(settled)
    }
  }

  /** Functions of scripts, not of V8, that are called when a pending promise is fulfilled; the newest first. */
  callbacksOf(promise: Tagged): Tagged[] {
    const found: Tagged[] = []
    this.#visitReactions(promise, (reaction) => {
      const handler = this.#heap.field(reaction, this.#heap.layout.reaction.fulfill)
      if (found.length < MAX_CALLBACKS && this.#heap.isFunction(handler) && !this.#isBuiltin(handler))
        found.push(handler)
    })
    return found
  }

  /** What the end of a plain generator settles that promises step; 0 for any other, and until its promise was read. */
  resultOf(generator: Tagged): Tagged {
    return this.#coroutines.resultOf(generator)
  }

  /** What stands in for a generator in code that was compiled for engines without any; null when `object` does not. */
  machineOf(object: Tagged): StateMachine | null {
    return this.#coroutines.machineOf(object)
  }

  /** Whether one promise settles another by a resolving function of that one: then whoever has it can settle it as well. */
  resolves(promise: Tagged, settled: Tagged): boolean {
    const { fulfill } = this.#heap.layout.reaction
    let found = false
    this.#visitReactions(promise, (reaction) => {
      if (!found) found = this.#ofHandler(this.#heap.field(reaction, fulfill)) === settled && this.#isResolver(reaction)
    })
    return found
  }

  /** Its handler keeps the promise itself: not the element closure of a combinator, which keeps a capability. */
  #isResolver(reaction: Tagged): boolean {
    const heap = this.#heap
    const context = heap.functionContext(heap.field(reaction, heap.layout.reaction.fulfill))
    return heap.is(heap.contextSlot(context, heap.layout.context.extensionIndex), 'JS_PROMISE')
  }

  /** The first `limit` of them. */
  awaitersOf(promise: Tagged, limit: number): Tagged[] {
    const found: Tagged[] = []
    this.visitAwaiters([promise], (generator) => found.push(generator) < limit)
    return found
  }

  /** The reaction of a pending promise that resumes a generator; 0 where there is none. */
  reactionOf(promise: Tagged, generator: Tagged): Tagged {
    let byGenerator = this.#reactions.get(promise)
    if (byGenerator === undefined) {
      byGenerator = this.#readReactions(promise)
      this.#reactions.set(promise, byGenerator)
    }
    return byGenerator.get(generator) ?? 0
  }

  /** Once for all functions that await it: the list is as long as they are many. */
  #readReactions(promise: Tagged): Map<Tagged, Tagged> {
    const { fulfill } = this.#heap.layout.reaction
    const found = new Map<Tagged, Tagged>()
    this.#visitReactions(promise, (reaction) => {
      const handler = this.#heap.field(reaction, fulfill)
      const target = this.#coroutines.steppedBy(handler) ?? this.#ofHandler(handler)
      if (target !== null && !found.has(target)) found.set(target, reaction)
    })
    return found
  }

  #read(promise: Tagged): PromiseTargets {
    const heap = this.#heap
    const { fulfill, capability } = heap.layout.reaction
    const generators: Tagged[] = []
    const promises: Tagged[] = []
    this.#visitReactions(promise, (reaction) => {
      const handler = heap.field(reaction, fulfill)
      const stepped = this.#coroutines.steppedBy(handler)
      const target = stepped ?? this.#ofHandler(handler) ?? this.#ofCapability(heap.field(reaction, capability))
      if (target !== null) (stepped !== null || this.#isGenerator(target) ? generators : promises).push(target)
    })
    if (generators.length === 0 && promises.length === 0) return NOBODY
    // Reactions are linked newest first.
    return { generators: generators.toReversed(), promises: promises.toReversed() }
  }

  /** Of a pending promise, the newest first; of another there are none. */
  #visitReactions(promise: Tagged, visit: (reaction: Tagged) => void): void {
    if (!this.isPending(promise)) return
    const heap = this.#heap
    const { reaction, promise: layout } = heap.layout
    let next = heap.field(promise, layout.reactionsOrResult)
    for (let count = 0; count < MAX_REACTIONS && heap.is(next, 'PROMISE_REACTION'); count++) {
      visit(next)
      next = heap.field(next, reaction.next)
    }
  }

  #isGenerator(object: Tagged): boolean {
    const type = this.#heap.typeOf(object)
    const { types } = this.#heap
    return type === types.JS_ASYNC_FUNCTION_OBJECT || type === types.JS_ASYNC_GENERATOR_OBJECT
  }

  #ofHandler(handler: Tagged): Tagged | null {
    const heap = this.#heap
    if (!heap.isFunction(handler)) return null
    const context = heap.functionContext(handler)
    if (!heap.isContext(context)) return null
    const length = heap.smi(context, heap.layout.context.length) ?? 0
    if (length <= heap.layout.context.extensionIndex || !this.#isBuiltin(handler)) return null
    const extension = heap.contextSlot(context, heap.layout.context.extensionIndex)
    if (this.#isGenerator(extension)) return extension
    if (heap.is(extension, 'JS_PROMISE')) return extension
    for (let slot = 1; slot < Math.min(length, CAPABILITY_SLOTS); slot++) {
      const held = heap.contextSlot(context, slot)
      if (heap.is(held, 'PROMISE_CAPABILITY')) return this.#ofCapability(held)
    }
    return null
  }

  #isBuiltin(handler: Tagged): boolean {
    const shared = this.#heap.functionShared(handler)
    let builtin = this.#builtins.get(shared)
    if (builtin === undefined) {
      builtin = this.#functions.info(shared)?.script === null
      this.#builtins.set(shared, builtin)
    }
    return builtin
  }

  #ofCapability(capability: Tagged): Tagged | null {
    const heap = this.#heap
    const promise = heap.is(capability, 'PROMISE_CAPABILITY')
      ? heap.field(capability, heap.layout.capability.promise)
      : capability
    return heap.is(promise, 'JS_PROMISE') ? promise : null
  }
}
