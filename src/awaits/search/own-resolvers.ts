/**
 * Promises that carry their resolving functions as properties of their own (`Object.assign(promise, {resolve, reject})`, as
 * `deferred()` of several packages makes them): whoever holds such a promise can settle it, where to hold any other one
 * means nothing.
 */
import type { Tagged } from '../../v8/heap/heap.js'
import type { CodeScopes } from '../../v8/objects/code-scopes.js'
import type { Objects } from '../../v8/objects/objects.js'

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
    for (const { value } of this.#objects.properties(promise, 20)) {
      if (!this.#scopes.isResolver(value) || this.#scopes.isReject(value)) continue
      if (this.#scopes.promiseOfResolving(heap.functionContext(value)) === promise) return true
    }
    return false
  }
}
