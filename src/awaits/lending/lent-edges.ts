/**
 * The edges of a search for who has a pool's lent members. Closed are the pool itself, which knows all of its members, and
 * what a member consists of: its socket and its listeners hold it, and are held by it. A promise that is fulfilled holds
 * its value as any object does.
 */
import type { SuspendedFunctions } from '../scan/suspended.js'
import { HolderEdges, type EdgeMark } from '../search/holder-edges.js'
import type { NativeObjects } from '../resources/native-objects.js'
import type { Resources } from '../resources/resources.js'
import { originOf } from '../../source/origin.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { CodeScopes } from '../../v8/objects/code-scopes.js'
import type { Holder } from '../../v8/objects/containing-object.js'
import type { Objects } from '../../v8/objects/objects.js'
import { scriptPath } from '../../v8/objects/scripts.js'

const MAX_DEPTH = 3
const MAX_PARTS = 300
/** Of a socket of an http.Agent: what the application has of it are its request and answer. */
const HANDED_OUT = /^(?:_httpMessage|req|res)$/
const PENDING_MASK = 3

export class LentEdges extends HolderEdges {
  readonly #objects: Objects
  readonly #closed: ReadonlySet<Tagged>
  readonly #met = new Set<Tagged>()

  constructor(
    objects: Objects,
    scopes: CodeScopes,
    natives: NativeObjects,
    resources: Resources,
    suspended: SuspendedFunctions,
    closed: ReadonlySet<Tagged>,
  ) {
    super(objects, scopes, natives, resources, suspended)
    this.#objects = objects
    this.#closed = closed
  }

  override edge(
    target: Tagged,
    targetType: number,
    holder: Holder,
    before: EdgeMark,
    slotInTarget: number,
  ): EdgeMark | null {
    this.#met.add(target)
    if (this.#closed.has(holder.object)) {
      this.#met.add(holder.object)
      return null
    }
    const { types } = this.#objects.heap
    const settled = targetType === types.JS_PROMISE && !this.#isPending(target)
    return super.edge(target, settled ? types.JS_OBJECT : targetType, holder, before, slotInTarget)
  }

  /** Whether the search came upon it, as what is held or as a holder: one that misses the pool proves nothing. */
  hasMet(object: Tagged): boolean {
    return this.#met.has(object)
  }

  #isPending(promise: Tagged): boolean {
    const { heap } = this.#objects
    return ((heap.smi(promise, heap.layout.promise.flags) ?? 0) & PENDING_MASK) === 0
  }
}

/** What a member consists of: what its properties lead to, and theirs, as far as it is none of the application's own. */
export function partsOf(objects: Objects, member: Tagged, apart: ReadonlySet<Tagged>): Set<Tagged> {
  const found = new Set<Tagged>()
  let front = [member]
  for (let depth = 0; depth < MAX_DEPTH && front.length > 0; depth++) {
    const next: Tagged[] = []
    for (const object of front) {
      for (const { name, value } of objects.properties(object)) {
        if (found.size >= MAX_PARTS) return found
        if (HANDED_OUT.test(name) || value === member || apart.has(value) || found.has(value)) continue
        if (!objects.isObject(value) || objects.heap.isFunction(value) || isApplications(objects, value)) continue
        found.add(value)
        next.push(value)
      }
    }
    front = next
  }
  return found
}

function isApplications(objects: Objects, object: Tagged): boolean {
  const script = objects.classScript(object)
  return script !== null && originOf(scriptPath(script)) === 'user'
}
