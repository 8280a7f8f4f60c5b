/**
 * What the class of a JavaScript object is called, by its Map: its prototype's `constructor` before the map's own, since
 * `class X extends Y` shares maps; the template's name for objects that C++ made.
 */
import type { Functions } from './functions.js'
import type { Tagged, V8Heap } from '../heap/heap.js'

const MAX_BACK_POINTERS = 2_000
const MAX_CONSTRUCTORS = 50_000

/** What of the object layer the names are read with. */
export interface ClassSource {
  readonly heap: V8Heap
  readonly functions: Functions
  isObject(object: Tagged): boolean
  get(object: Tagged, name: string): Tagged | undefined
}

export class ClassNames {
  readonly #objects: ClassSource
  readonly #names = new Map<Tagged, string>()
  readonly #scripts = new Map<Tagged, string | null>()
  readonly #constructors = new Map<Tagged, Tagged>()

  constructor(objects: ClassSource) {
    this.#objects = objects
  }

  flush(): void {
    this.#names.clear()
    this.#scripts.clear()
    this.#constructors.clear()
  }

  /** '' when it has none. */
  nameOf(map: Tagged): string {
    const known = this.#names.get(map)
    if (known !== undefined) return known
    // Against a prototype whose `constructor` leads back to this very map.
    this.#names.set(map, '')
    const name = this.#readName(map)
    this.#names.set(map, name)
    return name
  }

  /** Script name of the class, null for builtins and templates. */
  scriptOf(map: Tagged): string | null {
    let script = this.#scripts.get(map)
    if (script === undefined) {
      const own = this.#namingConstructor(map)
      const made = own === 0 ? this.constructorOf(map) : own
      script = this.#objects.functions.ofFunction(made)?.script?.name ?? null
      this.#scripts.set(map, script)
    }
    return script
  }

  /** The function (or template) a map's objects were made by: maps point back to the first, which names it. */
  constructorOf(map: Tagged): Tagged {
    const { heap } = this.#objects
    const passed: Tagged[] = []
    let made = this.#constructors.get(map)
    for (let at = map; made === undefined;) {
      passed.push(at)
      at = heap.field(at, heap.layout.map.constructorOrBackPointer)
      if (passed.length < MAX_BACK_POINTERS && heap.is(at, 'MAP')) made = this.#constructors.get(at)
      else made = heap.is(at, 'TUPLE2') ? heap.field(at, 8) : at
    }
    if (this.#constructors.size > MAX_CONSTRUCTORS) this.#constructors.clear()
    for (const one of passed) this.#constructors.set(one, made)
    return made
  }

  #readName(map: Tagged): string {
    const { heap } = this.#objects
    const { types } = heap
    const type = heap.typeOfMap(map)
    const builtin = new Map([
      [types.JS_ARRAY, 'Array'],
      [types.JS_MAP, 'Map'],
      [types.JS_SET, 'Set'],
      [types.JS_PROMISE, 'Promise'],
      [types.JS_WEAK_MAP, 'WeakMap'],
    ]).get(type)
    if (builtin !== undefined) return builtin
    if (type === types.JS_OBJECT || heap.isFunctionType(type)) {
      const name = this.#objects.functions.ofFunction(this.#namingConstructor(map))?.name
      if (name) return name
    }
    const made = this.constructorOf(map)
    if (heap.isFunction(made)) return this.#objects.functions.ofFunction(made)?.name ?? ''
    return heap.is(made, 'FUNCTION_TEMPLATE_INFO') ? this.#templateName(made) : ''
  }

  /** A template's class name is one of its first fields, or its function's name; which one differs by version. */
  #templateName(template: Tagged): string {
    const { heap } = this.#objects
    for (let offset = 8; offset < 96; offset += 8) {
      const held = heap.field(template, offset)
      if (heap.isString(held)) return heap.string(held, 200) ?? ''
      if (heap.is(held, 'SHARED_FUNCTION_INFO')) {
        const name = this.#objects.functions.info(held)?.name
        if (name) return name
      }
    }
    return ''
  }

  /**
   * A class that had Node's emitter copied into its prototype got its `constructor` with it (ioredis, lib/utils/applyMixin):
   * then the map's own says what the object is.
   */
  #namingConstructor(map: Tagged): Tagged {
    const own = this.#prototypeConstructor(map)
    if (own === 0 || !this.#isNodes(own)) return own
    const made = this.constructorOf(map)
    const { heap, functions } = this.#objects
    const isClass = heap.isFunction(made) && (functions.ofFunction(made)?.name ?? '') !== ''
    return isClass && functions.ofFunction(made)?.script != null && !this.#isNodes(made) ? made : own
  }

  #isNodes(fn: Tagged): boolean {
    return this.#objects.functions.ofFunction(fn)?.script?.name?.startsWith('node:') === true
  }

  #prototypeConstructor(map: Tagged): Tagged {
    const prototype = this.#objects.heap.field(map, this.#objects.heap.layout.map.prototype)
    if (!this.#objects.isObject(prototype)) return 0
    const constructor = this.#objects.get(prototype, 'constructor') ?? 0
    return this.#objects.heap.isFunction(constructor) ? constructor : 0
  }
}
