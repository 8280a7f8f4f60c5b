/** One holding: the way down to it, what kind of collection it is, how many entries, and the variables on the way. */
import type { Holding, HoldingKind } from '../model/retained.js'
import { Paths, plainParts, withoutKeys } from '../awaits/judge/paths.js'
import { countOf } from '../awaits/resources/collections.js'
import type { NativeClasses } from '../awaits/resources/native-objects.js'
import type { SuspendedFunctions } from '../awaits/scan/suspended.js'
import { objectOf, stepsDown, type Finding, type StepKey } from '../awaits/search/wait-search.js'
import type { Tagged, V8Heap } from '../v8/heap/heap.js'
import type { HeapPage } from '../v8/heap/isolates.js'
import { stringLength } from '../v8/heap/strings.js'
import type { CodeScopes } from '../v8/objects/code-scopes.js'
import type { Objects } from '../v8/objects/objects.js'
import { heldBy } from './held-bytes.js'
import type { LargeObject } from './large-objects.js'

export interface RetainedRequest {
  readonly natives: NativeClasses
  /** All isolates' pages: native memory is what lies in none of them. */
  readonly pages: readonly HeapPage[]
  /** Of the heap, bytes; null: not known. */
  readonly heapBytes: number | null
  /** Monotonic ms (`performance.now()`). */
  readonly deadlineMs: number
}

/** Functions that are suspended are met as objects here: what they wait for is another question. */
export const NOBODY: SuspendedFunctions = {
  list: [],
  byGenerator: new Map(),
  byResult: new Map(),
  sources: new Map(),
  moving: new Set(),
  dropped: 0,
  unread: 0,
}

export interface Way {
  readonly large: LargeObject
  readonly finding: Finding
  readonly end: StepKey
  readonly by: Holding['by']
}

export interface HeldScope {
  readonly scope: Tagged
  readonly variable: string
}

/** A holding, and where its variables are to be looked for. */
export interface Described {
  readonly holding: Omit<Holding, 'declared'>
  /** What has the table. */
  readonly collection: Tagged
  readonly scopes: readonly HeldScope[]
  /** Of an ES module's export, in which the way ends; else 0. */
  readonly cell: Tagged
}

/** Where the way begins at what an ES module exports. */
export function cellOf(heap: V8Heap, finding: Finding, end: StepKey): Tagged {
  return finding.steps.get(end)?.type === heap.types.CELL ? objectOf(end) : 0
}

export function describe(
  objects: Objects,
  scopes: CodeScopes,
  { large, finding, end, by }: Way,
  tables: ReadonlySet<Tagged>,
  request: RetainedRequest,
  expired: () => boolean,
): Described {
  const { heap } = objects
  const chain = stepsDown(finding, end)
  const owner = objectOf(chain.at(-2) ?? 0)
  const held = heldBy(objects, large, tables, expired)
  const parts = new Paths(objects, scopes, NOBODY).parts(finding, end)
  return {
    holding: {
      ...sizeOf(objects, owner, large),
      ownBytes: large.bytes,
      heldBytes: Math.min(held.bytes, request.heapBytes ?? held.bytes),
      entries: held.entries,
      by,
      parts: withoutKeys(plainParts(parts)),
    },
    collection: owner,
    scopes: scopesOf(heap, scopes, finding, chain),
    cell: cellOf(heap, finding, end),
  }
}

/** The variables on the way, that nearest to what is held first. */
export function scopesOf(heap: V8Heap, scopes: CodeScopes, finding: Finding, chain: readonly StepKey[]): HeldScope[] {
  return chain
    .flatMap((key): HeldScope[] => {
      const step = finding.steps.get(key)
      if (step == null || !heap.isContextType(step.type)) return []
      const variable = scopes.variableAt(objectOf(key), step.offset)
      return variable === '' ? [] : [{ scope: objectOf(key), variable }]
    })
    .toReversed()
}

function sizeOf(objects: Objects, owner: Tagged, { object, type }: LargeObject): { kind: HoldingKind; count: number } {
  const { heap } = objects
  if (heap.isStringType(type)) return { kind: 'string', count: stringLength(heap, object) ?? 0 }
  if (heap.isCollection(owner)) return sizeOfCollection(objects, owner)
  // Of tables of properties the count is the first element.
  const counted = heap.smiOf(heap.element(object, 0)) ?? 0
  return { kind: 'object', count: counted > 0 ? counted : heap.arrayLength(object) }
}

/** @param collection an array, a Map or a Set */
export function sizeOfCollection(objects: Objects, collection: Tagged): { kind: HoldingKind; count: number } {
  const { heap } = objects
  const kind = heap.is(collection, 'JS_ARRAY') ? 'array' : heap.is(collection, 'JS_MAP') ? 'map' : 'set'
  return { kind, count: countOf(objects, collection) ?? 0 }
}
