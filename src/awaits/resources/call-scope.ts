/** The variables of a closure's scopes as one of Node's objects: of a call that Node's own code has under way. */
import type { NativeSide, NodeObject } from '../../resources/node-object.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { CodeScopes } from '../../v8/objects/code-scopes.js'
import type { Objects } from '../../v8/objects/objects.js'
import { MemoryObject } from './memory-object.js'
import type { NativeObjects } from './native-objects.js'

const MAX_SCOPES = 8
const MAX_TEXT = 2_000

export class CallScope implements NodeObject {
  readonly className: string
  readonly #objects: Objects
  readonly #natives: NativeObjects
  readonly #scopes: CodeScopes
  readonly #closure: Tagged
  readonly #held: boolean

  /** @param held whether C++ holds the closure by a strong handle */
  constructor(
    { objects, natives, scopes }: { objects: Objects; natives: NativeObjects; scopes: CodeScopes },
    call: { readonly className: string; readonly closure: Tagged; readonly held: boolean },
  ) {
    this.#objects = objects
    this.#natives = natives
    this.#scopes = scopes
    this.#closure = call.closure
    this.#held = call.held
    this.className = call.className
  }

  text(...names: readonly string[]): string | null {
    return this.#objects.heap.string(this.value(names), MAX_TEXT)
  }

  number(...names: readonly string[]): number | null {
    return this.#objects.number(this.value(names))
  }

  flag(...names: readonly string[]): boolean | null {
    const value = this.#objects.oddball(this.value(names))
    return value === 'true' ? true : value === 'false' ? false : null
  }

  object(...names: readonly string[]): NodeObject | null {
    const value = this.value(names)
    return this.#objects.isObject(value) ? new MemoryObject(this.#objects, this.#natives, value) : null
  }

  native(): NativeSide | null {
    return this.#held ? { className: this.className } : null
  }

  /** Of the innermost scope that has one of the variables; 0 without one. */
  value(names: readonly string[]): Tagged {
    const { heap } = this.#objects
    const { previousIndex } = heap.layout.context
    let context = heap.functionContext(this.#closure)
    for (let depth = 0; depth < MAX_SCOPES && heap.isContext(context); depth++) {
      for (const [slot, name] of this.#scopes.variables(context)) {
        if (names.includes(name)) return this.#scopes.unwrapCell(heap.contextSlot(context, slot))
      }
      context = heap.contextSlot(context, previousIndex)
    }
    return 0
  }
}
