/**
 * Promises that carry their resolving functions as properties of their own (`Object.assign(promise, {resolve, reject})`, as
 * `deferred()` of several packages makes them), or functions that call them (`this.resolve = (x) => resolve(x)` in a class that
 * extends Promise, as the queries of postgres.js): whoever holds such a promise can settle it, where to hold any other one
 * means nothing.
 */
import type { Tagged } from '../../v8/heap/heap.js'
import type { CodeScopes } from '../../v8/objects/code-scopes.js'
import type { Objects } from '../../v8/objects/objects.js'

const MAX_PROPERTIES = 24

export class OwnResolvers {
  readonly #objects: Objects
  readonly #scopes: CodeScopes
  readonly #known = new Map<Tagged, boolean>()

  constructor(objects: Objects, scopes: CodeScopes) {
    this.#objects = objects
    this.#scopes = scopes
  }

  carries(promise: Tagged): boolean {
    let known = this.#known.get(promise)
    if (known === undefined) {
      known = this.#read(promise)
      this.#known.set(promise, known)
    }
    return known
  }

  #read(promise: Tagged): boolean {
    const { heap } = this.#objects
    for (const { value } of this.#objects.properties(promise, MAX_PROPERTIES)) {
      if (!heap.isFunction(value)) continue
      if (this.#resolves(value, promise) || this.#callsResolver(value, promise)) return true
    }
    return false
  }

  #resolves(value: Tagged, promise: Tagged): boolean {
    if (!this.#scopes.isResolver(value) || this.#scopes.isReject(value)) return false
    return this.#scopes.promiseOfResolving(this.#objects.heap.functionContext(value)) === promise
  }

  /** Whether a function's text mentions a variable of its own scope that is the promise's resolve function. */
  #callsResolver(fn: Tagged, promise: Tagged): boolean {
    const { heap } = this.#objects
    const context = heap.functionContext(fn)
    const type = heap.typeOf(context)
    if (!heap.isContextType(type) || this.#scopes.isNativeContextType(type)) return false
    if (this.#scopes.isResolving(context) || this.#scopes.isModuleScope(context, type)) return false
    for (const [slot, name] of this.#scopes.variables(context)) {
      const value = this.#scopes.unwrapCell(heap.contextSlot(context, slot))
      if (heap.isPointer(value) && this.#resolves(value, promise) && this.#scopes.mentions(fn, name)) return true
    }
    return false
  }
}
