/**
 * Which references a search may go back along, from an object to its holder. The rule that makes it right: a promise is
 * settled only through its resolving functions' context, the reaction or capability it was made for, a native request,
 * a module's evaluation, or V8's own list of Atomics.waitAsync promises; to hold a promise means nothing, unless it carries
 * its own resolving functions.
 */
import type { SuspendedFunctions } from '../scan/suspended.js'
import { TABLE_OFFSET, type Objects } from '../../v8/objects/objects.js'
import type { Tagged, V8Heap } from '../../v8/heap/heap.js'
import type { CodeScopes } from '../../v8/objects/code-scopes.js'
import type { Holder } from '../../v8/objects/containing-object.js'
import type { NativeObjects } from '../resources/native-objects.js'
import { OwnResolvers } from './own-resolvers.js'
import type { Resources } from '../resources/resources.js'

/** How one got to a holder; some marks decide what may come next. */
export type EdgeMark =
  | 'reference'
  | 'settler'
  | 'derived' // the reaction or capability a promise was made for
  | 'function' // a suspended function's own result
  | 'module' // evaluation of a module
  | 'native' // a request of node's
  | 'store' // PropertyArray that may belong to a request
  | 'list' // FixedArray that may be V8's list of waitAsync promises

/** What to do at a holder: go on, or why the search ends there. */
export type HolderKind =
  | 'go'
  | 'waypoint'
  | 'resource'
  | 'native'
  | 'function'
  | 'module'
  | 'holder'
  | 'stepped' // a plain generator: whoever steps it uses what it holds
  | 'unlisted' // a generator that runs, or was suspended after the scan: it may use what it holds
  | 'root'
  | 'dead'

/** src/objects/js-generator.tq: kGeneratorClosed; one that runs has -2. */
const CLOSED = -1
/** Low bits of a promise's flags: 0 while it is pending. */
const PENDING_MASK = 3

export class HolderEdges {
  readonly #objects: Objects
  readonly #heap: V8Heap
  readonly #scopes: CodeScopes
  readonly #natives: NativeObjects
  readonly #resources: Resources
  readonly #suspended: SuspendedFunctions
  readonly #ownResolvers: OwnResolvers
  readonly #metadata: ReadonlySet<number>
  readonly #roots: ReadonlySet<number>

  constructor(
    objects: Objects,
    scopes: CodeScopes,
    natives: NativeObjects,
    resources: Resources,
    suspended: SuspendedFunctions,
  ) {
    this.#objects = objects
    this.#heap = objects.heap
    this.#scopes = scopes
    this.#natives = natives
    this.#resources = resources
    this.#suspended = suspended
    this.#ownResolvers = new OwnResolvers(objects, scopes)
    const { types, layout } = this.#heap
    this.#metadata = new Set(
      [
        types.MAP,
        types.FEEDBACK_VECTOR,
        types.FEEDBACK_CELL,
        layout.types['ALLOCATION_SITE'],
        types.PROTOTYPE_INFO,
        types.DESCRIPTOR_ARRAY,
        types.STRONG_DESCRIPTOR_ARRAY,
        types.WEAK_FIXED_ARRAY,
        layout.types['ENUM_CACHE'],
        types.CODE,
        types.SHARED_FUNCTION_INFO,
        types.SCRIPT,
        types.SCOPE_INFO,
        types.FUNCTION_TEMPLATE_INFO,
        types.DEBUG_INFO,
      ].filter((type): type is number => type !== undefined),
    )
    this.#roots = new Set([
      types.JS_GLOBAL_OBJECT,
      types.JS_GLOBAL_PROXY,
      types.SCRIPT_CONTEXT_TABLE,
      types.SOURCE_TEXT_MODULE,
      types.PROPERTY_CELL,
      types.CELL,
    ])
  }

  /**
   * @param target what is held, of type `targetType`
   * @param before mark by which `target` was reached itself
   * @param slotInTarget byte offset by which the search came into `target`
   */
  edge(target: Tagged, targetType: number, holder: Holder, before: EdgeMark, slotInTarget: number): EdgeMark | null {
    const { types, layout } = this.#heap
    const { type, offset } = holder
    if (holder.object === target || this.#metadata.has(type)) return null
    if (type === types.WEAK_CELL && (offset === 16 || offset === 24)) return null
    if (type === types.JS_WEAK_REF && offset === 24) return null
    if (targetType === types.JS_PROMISE) {
      const mark = this.#toPromise(holder)
      const loose = mark === null || mark === 'store' || mark === 'list'
      if (!loose || !this.#ownResolvers.carries(target)) return mark
    }
    if (before === 'list') return this.#ofList(targetType, holder)
    if (before === 'store')
      return this.#objects.isApiType(type) && this.#natives.of(holder.object) !== null ? 'native' : null
    if ((type === types.JS_WEAK_MAP || type === types.JS_WEAK_SET) && offset === TABLE_OFFSET) {
      // EphemeronHashTable entries are pairs of key and value from element 3 on: only values are held.
      return slotInTarget >= 16 && (slotInTarget / 8 - 5) % 2 === 1 ? 'reference' : null
    }
    if (targetType === types.PROMISE_REACTION) {
      const reacts = type === types.JS_PROMISE && offset === layout.promise.reactionsOrResult
      return reacts || (type === types.PROMISE_REACTION && offset === layout.reaction.next) ? 'reference' : null
    }
    if (
      type === types.PROMISE_REACTION &&
      offset === layout.reaction.capability &&
      targetType !== types.PROMISE_CAPABILITY
    ) {
      return null
    }
    return 'reference'
  }

  #toPromise(holder: Holder): EdgeMark | null {
    const { types, layout } = this.#heap
    const { type, offset, object } = holder
    if (this.#heap.isContextType(type)) {
      return offset === this.#scopes.resolvingOffset && this.#scopes.isResolving(object) ? 'settler' : null
    }
    if (type === types.PROMISE_REACTION) return offset === layout.reaction.capability ? 'derived' : null
    if (type === types.PROMISE_CAPABILITY) return offset === layout.capability.promise ? 'derived' : null
    if (type === types.JS_ASYNC_FUNCTION_OBJECT) {
      return offset === layout.generator.promise && !this.#hasEnded(object) ? 'function' : null
    }
    if (type === types.ASYNC_GENERATOR_REQUEST) return offset === layout.asyncRequest.promise ? 'function' : null
    if (type === types.PROPERTY_ARRAY) return 'store'
    if (type === types.SOURCE_TEXT_MODULE || type === layout.types['SYNTHETIC_MODULE']) return 'module'
    if (this.#objects.isFixedArrayType(type)) return 'list'
    return this.#objects.isApiType(type) && this.#natives.of(object) !== null ? 'native' : null
  }

  /** The scan lists those that were suspended then; the target went on, and may have suspended others since. */
  #hasEnded(generator: Tagged): boolean {
    if (this.#suspended.byGenerator.has(generator)) return false
    const { generator: offsets, promise: promises } = this.#heap.layout
    const continuation = this.#heap.smi(generator, offsets.continuation)
    if (continuation === null || continuation === CLOSED) return true
    // An async function that has returned is as one that runs, and keeps what it was last resumed with: but it has
    // settled its promise.
    if (!this.#heap.is(generator, 'JS_ASYNC_FUNCTION_OBJECT')) return false
    const promise = this.#heap.field(generator, offsets.promise)
    if (!this.#heap.is(promise, 'JS_PROMISE')) return false
    return ((this.#heap.smi(promise, promises.flags) ?? 0) & PENDING_MASK) !== 0
  }

  #ofList(targetType: number, holder: Holder): EdgeMark | null {
    const { types } = this.#heap
    if (this.#scopes.isNativeContextType(holder.type)) return 'reference'
    const table = this.#objects.isFixedArrayType(targetType) && holder.type === types.JS_SET
    return table && holder.offset === TABLE_OFFSET ? 'list' : null
  }

  kind(holder: Holder, mark: EdgeMark): HolderKind {
    const { types } = this.#heap
    const { type, object } = holder
    if (mark === 'module' || mark === 'function' || mark === 'native') return mark
    if (mark === 'list') return 'go'
    if (
      type === types.JS_ASYNC_FUNCTION_OBJECT ||
      type === types.JS_ASYNC_GENERATOR_OBJECT ||
      type === types.JS_GENERATOR_OBJECT
    ) {
      const index = this.#suspended.byGenerator.get(object)
      // Of a compiled async function it is known what it waits for.
      const waits = index !== undefined && this.#suspended.list[index]?.awaits !== 0
      if (index !== undefined) return type === types.JS_GENERATOR_OBJECT && !waits ? 'stepped' : 'holder'
      return this.#hasEnded(object) ? 'dead' : 'unlisted'
    }
    // The object that steps a function which was compiled for engines without generators.
    if (type === types.JS_OBJECT && this.#suspended.byGenerator.has(object)) return 'holder'
    if (this.#roots.has(type) || this.#scopes.isNativeContextType(type) || this.#scopes.isModuleScope(object, type)) {
      return 'root'
    }
    if (!this.#objects.isObjectType(type)) return 'go'
    if (this.#resources.kindOf(object) !== null) return 'resource'
    return this.#resources.isWaypoint(object) ? 'waypoint' : 'go'
  }
}
