/**
 * The edges of a search for who has a pool's lent members. Closed are the pool itself, which knows all of its members, and
 * what a member consists of: its socket and its listeners hold it, and are held by it. A promise that is fulfilled holds
 * its value as any object does.
 */
import type { SuspendedFunctions } from '../scan/suspended.js'
import { HolderEdges, type EdgeMark, type HolderKind } from '../search/holder-edges.js'
import type { NativeObjects } from '../resources/native-objects.js'
import type { Resources } from '../resources/resources.js'
import { originOf, packageOf } from '../../source/origin.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { CodeScopes } from '../../v8/objects/code-scopes.js'
import type { Holder } from '../../v8/objects/containing-object.js'
import type { Objects } from '../../v8/objects/objects.js'
import { scriptPath } from '../../v8/objects/scripts.js'

const MAX_DEPTH = 3
const MAX_PARTS = 300
/** Of a socket of an http.Agent: what the application has of it. */
const HANDED_OUT: ReadonlySet<string> = new Set(['ClientRequest', 'IncomingMessage'])
const PENDING_MASK = 3
/** Of the microtask queue: it is empty when no JavaScript runs, but its buffer keeps the last ones. */
const JOBS = [
  'PROMISE_FULFILL_REACTION_JOB_TASK',
  'PROMISE_REJECT_REACTION_JOB_TASK',
  'PROMISE_RESOLVE_THENABLE_JOB_TASK',
  'CALLABLE_TASK',
  'CALLBACK_TASK',
]

export interface LentHeap {
  readonly objects: Objects
  readonly scopes: CodeScopes
  readonly natives: NativeObjects
  readonly resources: Resources
  readonly suspended: SuspendedFunctions
}

export interface LentRules {
  /** The pool, and what its members consist of: not followed. */
  readonly closed: ReadonlySet<Tagged>
  readonly pool: Tagged
  /** Maps of its members: mysql2's know their pool, and are no lists of it. */
  readonly maps: ReadonlySet<Tagged>
  /** A suspended function that has a member for itself: the application's, or one that the application waits for. */
  isHolder(generator: Tagged): boolean
}

export class LentEdges extends HolderEdges {
  readonly #inside: LentHeap
  readonly #objects: Objects
  readonly #scopes: CodeScopes
  readonly #rules: LentRules
  readonly #met = new Set<Tagged>()
  readonly #passing = new Set<Tagged>()
  readonly #owners = new Map<Tagged, boolean>()
  readonly #jobs: ReadonlySet<number>

  constructor(inside: LentHeap, rules: LentRules) {
    const { objects, scopes, natives, resources, suspended } = inside
    super(objects, scopes, natives, resources, suspended)
    this.#inside = inside
    this.#objects = objects
    this.#scopes = scopes
    this.#rules = rules
    const { types } = objects.heap.layout
    this.#jobs = new Set(JOBS.flatMap((name) => types[name] ?? []))
  }

  /** For another search, which follows none of these either. */
  closedTo(more: ReadonlySet<Tagged>): LentEdges {
    return new LentEdges(this.#inside, { ...this.#rules, closed: new Set([...this.#rules.closed, ...more]) })
  }

  override edge(
    target: Tagged,
    targetType: number,
    holder: Holder,
    before: EdgeMark,
    slotInTarget: number,
  ): EdgeMark | null {
    this.#met.add(target)
    if (this.#rules.closed.has(holder.object) || this.#hasPool(holder)) {
      this.#met.add(holder.object)
      return null
    }
    const { types } = this.#objects.heap
    const settled = targetType === types.JS_PROMISE && !this.#isPending(target)
    const mark = super.edge(target, settled ? types.JS_OBJECT : targetType, holder, before, slotInTarget)
    // An array or store may be what a pending promise lies in, and also where a member is: who has it has the member.
    return mark === 'list' || mark === 'store' ? null : mark
  }

  override kind(holder: Holder, mark: EdgeMark): HolderKind {
    const kind = super.kind(holder, mark)
    if (kind === 'unlisted') this.#passing.add(holder.object)
    if (kind === 'unlisted' || this.#jobs.has(holder.type)) return 'dead'
    // A package's function that waits for its caller to be done with the member: the caller has what resumes it.
    if (kind === 'holder') return this.#rules.isHolder(holder.object) ? kind : 'go'
    // In a module that has no variables of its own a function's scope is the outermost, and goes when its closures go.
    return kind === 'root' && this.#isNamedScope(holder) ? 'go' : kind
  }

  /**
   * A package's object that has the pool itself lists what it made of its members beside it: typeorm's driver its
   * connected runners. Whoever reaches a member through it reaches the pool.
   */
  #hasPool({ object, type }: Holder): boolean {
    const known = this.#owners.get(object)
    if (known !== undefined) return known
    const isMember = this.#rules.maps.has(this.#objects.heap.field(object, 0))
    const answer =
      !isMember && this.#objects.isObjectType(type) && this.#isPackages(object) && this.#leadsToPool(object)
    this.#owners.set(object, answer)
    return answer
  }

  #isPackages(object: Tagged): boolean {
    const script = this.#objects.classScript(object)
    return script !== null && packageOf(scriptPath(script)) !== null
  }

  #leadsToPool(object: Tagged): boolean {
    for (const { value } of this.#objects.properties(object)) if (value === this.#rules.pool) return true
    return false
  }

  #isNamedScope({ object, type }: Holder): boolean {
    const { heap } = this.#objects
    if (!heap.isContextType(type) || this.#scopes.isNativeContextType(type)) return false
    return !this.#scopes.isLongLived(type) && this.#scopes.scopeName(object) !== ''
  }

  /** Whether the search came upon it, as what is held or as a holder: one that misses the pool proves nothing. */
  hasMet(object: Tagged): boolean {
    return this.#met.has(object)
  }

  /** A function that runs, or one that has returned a promise that is pending: only the stack tells which. */
  isPassing(object: Tagged): boolean {
    return this.#passing.has(object)
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
      for (const { value } of objects.properties(object)) {
        if (found.size >= MAX_PARTS) return found
        if (value === member || apart.has(value) || found.has(value)) continue
        if (!objects.isObject(value) || objects.heap.isFunction(value) || isApplications(objects, value)) continue
        if (HANDED_OUT.has(objects.className(value))) continue
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
