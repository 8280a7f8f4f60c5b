/**
 * From all resources towards the promises they could settle, breadth-first and all at once. It stays small (some
 * thousand objects, whatever the size of the heap) because hubs are closed: module scopes, native contexts, the global
 * object, generators and maps lead everywhere. Of a function only its own properties count, and of its scopes only the
 * variables that its text mentions.
 *
 * What is reached through a reject function or an error field comes second: a request that can fail by a timer
 * waits for its answer.
 */
import type { Tagged, V8Heap } from '../../v8/heap/heap.js'
import { PROPERTIES_OFFSET, type Objects } from '../../v8/objects/objects.js'
import type { CodeScopes } from '../../v8/objects/code-scopes.js'
import { closedTypes } from './closed-types.js'
import { failureOffset, isFailureEntry } from './failure-slots.js'
import { OwnResolvers } from './own-resolvers.js'
import type { FoundEnd, Finding, Step, StepKey } from './wait-search.js'

const MAX_VISITED = 400_000
const MAX_DEPTH = 60
const MAX_OBJECT_BYTES = 1 << 23
const MAX_SCOPES = 30
/** Levels by which children are ahead of all other resources. */
const HEAD_START = 6
const FAILURE_NAME = /^(reject|rej|onerror|onError)$/

/** A closure that a resource can call, and a module scope whose variables it may use. */
export interface ModuleUse {
  readonly closure: Tagged
  readonly module: Tagged
}

export interface ForwardResult {
  readonly findings: ReadonlyMap<Tagged, Finding>
  readonly visited: number
  /** For promises that only a module's variable holds: who could use that variable. */
  readonly moduleUses: readonly ModuleUse[]
  readonly parents: ReadonlyMap<Tagged, Tagged>
}

export class ForwardSearch {
  readonly #objects: Objects
  readonly #heap: V8Heap
  readonly #scopes: CodeScopes
  readonly #closed: ReadonlySet<number>
  readonly #parents = new Map<Tagged, Tagged>()
  readonly #moduleUses: ModuleUse[] = []
  #next: Tagged[] = []
  #later: { readonly object: Tagged; readonly from: Tagged; readonly by?: Tagged }[] = []
  /** Of what was reached through a scope's variable: the closure whose text mentions it. A scope has many. */
  readonly #users = new Map<Tagged, Tagged>()
  #leaves: ReadonlySet<Tagged> = new Set()
  readonly #found = new Map<Tagged, boolean>()
  #failing = false
  readonly #ownResolvers: OwnResolvers

  constructor(objects: Objects, scopes: CodeScopes) {
    this.#objects = objects
    this.#heap = objects.heap
    this.#scopes = scopes
    this.#closed = closedTypes(this.#heap)
    this.#ownResolvers = new OwnResolvers(objects, scopes)
  }

  /** `sources`: live resources. `leaves`: promises that are looked for. `closed`: objects that are not entered. */
  run(
    sources: readonly Tagged[],
    leaves: ReadonlySet<Tagged>,
    expired: () => boolean,
    closed: readonly Tagged[] = [],
  ): ForwardResult {
    this.#leaves = leaves
    for (const source of sources) this.#parents.set(source, 0)
    for (const object of closed) this.#parents.set(object, 0)
    let waiting = this.#byHeadStart(sources)
    let front: Tagged[] = []
    let visited = 0
    for (
      let depth = 0;
      front.length + waiting.length > 0 && depth < MAX_DEPTH && visited < MAX_VISITED && !expired();
      depth++
    ) {
      const [first] = waiting
      if (first !== undefined && (first.at <= depth || front.length === 0)) {
        // Not spread: a hundred thousand arguments are more than the stack holds.
        front = [...front, ...first.sources]
        waiting = waiting.slice(1)
      }
      this.#next = []
      for (const object of front) {
        if (++visited > MAX_VISITED) break
        this.#visit(object)
      }
      front = this.#next
      if (front.length + waiting.length === 0 && this.#later.length > 0) front = this.#startFailures()
    }
    const findings = new Map<Tagged, Finding>()
    for (const promise of this.#found.keys()) this.#noteResolvers(promise)
    for (const [promise, failing] of this.#found) findings.set(promise, this.#finding(promise, failing))
    return { findings, visited, moduleUses: this.#moduleUses, parents: this.#parents }
  }

  /** A child says more than the pipes of its output, which would often be the shorter way: it goes ahead. */
  #byHeadStart(sources: readonly Tagged[]): { readonly at: number; readonly sources: readonly Tagged[] }[] {
    const groups = [0, HEAD_START].map((at) => ({ at, sources: [] as Tagged[] }))
    for (const source of sources)
      groups[this.#objects.className(source) === 'ChildProcess' ? 0 : 1]?.sources.push(source)
    return groups.filter((group) => group.sources.length > 0)
  }

  #startFailures(): Tagged[] {
    this.#failing = true
    const front: Tagged[] = []
    for (const { object, from, by } of this.#later) {
      if (this.#parents.has(object)) continue
      this.#parents.set(object, from)
      if (by !== undefined) this.#users.set(object, by)
      front.push(object)
    }
    this.#later = []
    return front
  }

  #visit(object: Tagged): void {
    const heap = this.#heap
    const map = heap.field(object, 0)
    const type = heap.typeOfMap(map)
    const size = this.#objects.sizeOf(object, map, type)
    if (!(size > 8)) return
    if (heap.isFunctionType(type)) {
      this.#visitScopes(object)
      this.#follow(object, type, heap.field(object, PROPERTIES_OFFSET), PROPERTIES_OFFSET, map)
      return
    }
    if (type === heap.types.JS_PROMISE) {
      this.#follow(
        object,
        type,
        heap.field(object, heap.layout.promise.reactionsOrResult),
        heap.layout.promise.reactionsOrResult,
        map,
      )
      return
    }
    const isContext = heap.isContextType(type)
    if (isContext && !this.#scopes.isResolving(object)) return
    const end = Math.min(size, MAX_OBJECT_BYTES)
    for (let offset = 8; offset < end; offset += 8) {
      if (isContext && offset < this.#scopes.resolvingOffset) continue
      this.#follow(object, type, heap.field(object, offset), offset, map)
    }
  }

  /** Of a closure's scopes, the variables that its text mentions. */
  #visitScopes(closure: Tagged): void {
    const heap = this.#heap
    let from = closure
    let context = heap.functionContext(closure)
    for (let depth = 0; depth < MAX_SCOPES; depth++) {
      const type = heap.typeOf(context)
      if (!heap.isContextType(type) || this.#scopes.isNativeContextType(type)) return
      if (this.#scopes.isModuleScope(context, type)) {
        this.#moduleUses.push({ closure, module: context })
        return
      }
      const first = !this.#parents.has(context)
      const resolving = this.#scopes.isResolving(context)
      // The reject function of a promise comes second, whatever the property or variable is called that keeps it.
      if (resolving && first && !this.#failing && this.#scopes.isReject(closure)) {
        this.#later.push({ object: context, from })
        return
      }
      if (first) this.#parents.set(context, from)
      if (resolving) {
        if (first) this.#next.push(context)
        return
      }
      for (const [slot, name] of this.#scopes.variables(context)) {
        const value = this.#scopes.unwrapCell(heap.contextSlot(context, slot))
        const valueType = heap.typeOf(value)
        if (valueType < 0 || this.#parents.has(value) || this.#isClosed(value, valueType)) continue
        if (heap.isContextType(valueType) || !this.#scopes.mentions(closure, name)) continue
        if (valueType === heap.types.JS_PROMISE && !this.#isHandle(value)) continue
        if (!this.#failing && FAILURE_NAME.test(name)) this.#later.push({ object: value, from: context, by: closure })
        else {
          this.#users.set(value, closure)
          this.#enter(value, context)
        }
      }
      from = context
      context = heap.contextSlot(context, heap.layout.context.previousIndex)
    }
  }

  /** Having a promise in a variable settles nothing, unless it carries what settles it. */
  #isHandle(promise: Tagged): boolean {
    if (!this.#ownResolvers.carries(promise)) return false
    if (this.#leaves.has(promise) && !this.#found.has(promise)) this.#found.set(promise, this.#failing)
    return true
  }

  #isClosed(value: Tagged, type: number): boolean {
    const heap = this.#heap
    return (
      heap.isStringType(type) ||
      this.#closed.has(type) ||
      this.#scopes.isNativeContextType(type) ||
      (heap.isContextType(type) && this.#scopes.isModuleScope(value, type))
    )
  }

  #enter(value: Tagged, from: Tagged): void {
    this.#parents.set(value, from)
    this.#next.push(value)
  }

  #follow(object: Tagged, type: number, value: Tagged, offset: number, map: Tagged): void {
    const heap = this.#heap
    const { types } = heap
    if (!heap.isPointer(value)) return
    const valueType = heap.typeOf(value)
    if (valueType < 0) return
    if (valueType === types.JS_PROMISE) {
      if (!this.#settles(object, type, offset) && !this.#ownResolvers.carries(value)) return
      if (this.#leaves.has(value) && !this.#found.has(value)) {
        this.#found.set(value, this.#failing)
        this.#parents.set(value, object)
      }
    }
    if (this.#parents.has(value) || this.#isClosed(value, valueType)) return
    if (type === types.PROMISE_REACTION && !this.#isReactionPart(valueType)) return
    if (!this.#failing && this.#failsBy(object, type, offset, map)) {
      this.#later.push({ object: value, from: object })
      return
    }
    this.#enter(value, object)
  }

  #isReactionPart(type: number): boolean {
    const { types } = this.#heap
    return (
      type === types.JS_PROMISE ||
      type === types.PROMISE_REACTION ||
      type === types.PROMISE_CAPABILITY ||
      this.#heap.isFunctionType(type)
    )
  }

  #failsBy(object: Tagged, type: number, offset: number, map: Tagged): boolean {
    if (type === this.#heap.types.JS_OBJECT) return offset === failureOffset(this.#objects, map)
    return this.#objects.isFixedArrayType(type) && isFailureEntry(this.#objects, object, offset)
  }

  /** Whether the slot is one through which its promise is settled. */
  #settles(object: Tagged, type: number, offset: number): boolean {
    const heap = this.#heap
    const { types, layout } = heap
    if (heap.isContextType(type)) return offset === this.#scopes.resolvingOffset && this.#scopes.isResolving(object)
    if (type === types.PROMISE_REACTION) return offset === layout.reaction.capability
    if (type === types.PROMISE_CAPABILITY) return offset === layout.capability.promise
    if (this.#objects.isApiType(type)) return true
    if (type !== types.PROPERTY_ARRAY) return false
    return this.#objects.isApiType(heap.typeOf(this.#parents.get(object) ?? 0))
  }

  /** Both resolving functions must have been met before any is called the reject function. */
  #noteResolvers(promise: Tagged): void {
    let depth = 0
    for (let object = promise; object !== 0 && depth++ < 200; object = this.#parents.get(object) ?? 0) {
      if (this.#scopes.isResolver(object)) this.#scopes.noteResolver(object)
    }
  }

  #finding(promise: Tagged, failing: boolean): Finding {
    const heap = this.#heap
    const steps = new Map<StepKey, Step | null>([[promise, null]])
    const waypoints: StepKey[] = []
    const ends: FoundEnd[] = []
    let below = promise
    let rejects = failing
    let depth = 0
    for (let object = this.#parents.get(promise) ?? 0; object !== 0 && depth < 200;) {
      const map = heap.field(object, 0)
      const type = heap.typeOfMap(map)
      const size = this.#objects.sizeOf(object, map, type)
      let offset = 8
      const cells = heap.isContextType(type)
      while (offset < size && !this.#leadsTo(heap.field(object, offset), below, cells)) offset += 8
      const settles = heap.isContextType(type) && this.#scopes.isResolving(object)
      steps.set(object, { from: below, offset, type, depth: ++depth, settles })
      if (heap.isFunctionType(type) && this.#scopes.isResolver(object)) rejects ||= this.#scopes.isReject(object)
      if ((this.#parents.get(object) ?? 0) === 0) ends.push({ key: object, kind: 'resource' })
      else waypoints.push(object)
      const user = cells ? this.#users.get(below) : undefined
      below = object
      object = user ?? this.#parents.get(object) ?? 0
    }
    return {
      promise,
      steps,
      ends,
      waypoints,
      holders: [],
      rejectsOnly: rejects,
      capped: false,
      unusable: false,
      visited: steps.size,
    }
  }

  #leadsTo(value: Tagged, below: Tagged, cells: boolean): boolean {
    return value === below || (cells && this.#scopes.unwrapCell(value) === below)
  }
}
