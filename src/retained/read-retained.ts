/**
 * What keeps a heap's memory, read from memory: the largest tables and texts, the way from what lives as long as the process
 * down to each, and about how much they keep. No pause, no code run in the target; a table that nothing alive holds is
 * counted and not named.
 */
import type { Holding, Retained } from '../model/retained.js'
import { NativeObjects } from '../awaits/resources/native-objects.js'
import { Resources } from '../awaits/resources/resources.js'
import { HolderEdges } from '../awaits/search/holder-edges.js'
import { findNativeRoots } from '../awaits/search/native-roots.js'
import { ReverseSearch } from '../awaits/search/reverse.js'
import { objectOf, type Finding, type StepKey } from '../awaits/search/wait-search.js'
import { HeapBlocks, heapRanges } from '../v8/heap/heap-blocks.js'
import type { Tagged, V8Heap } from '../v8/heap/heap.js'
import type { Isolate } from '../v8/heap/isolates.js'
import { CodeScopes } from '../v8/objects/code-scopes.js'
import { ContainingObjects } from '../v8/objects/containing-object.js'
import { Functions } from '../v8/objects/functions.js'
import { Objects } from '../v8/objects/objects.js'
import { closuresOf, declarationOf } from '../awaits/search/declared-at.js'
import type { PathPart } from '../model/wait.js'
import { bySamples } from './by-samples.js'
import { exportedIn } from './exported.js'
import { describe, type Described, NOBODY, type HeldScope, type RetainedRequest, type Way } from './holding.js'
import { livingEnd } from './living-end.js'
import { largeObjects, type LargeObject } from './large-objects.js'
import { nativeContexts } from './native-contexts.js'
import { sampledObjects } from './sampled-objects.js'

/** Tables that are searched for. */
const MAX_LARGE = 12
/** Objects by chance. Where a cache is replaced all the time, two thirds of them are garbage or have moved. */
const SAMPLES = 48
/** Of the heap: where large tables keep less, what keeps the rest is asked of samples, for this share of what time is left. */
const ENOUGH = 0.5
const SHARE_OF_SAMPLES = 0.7
const MAX_NAMED = 5
/** Of the heap: what keeps less is no reason for its size. */
const LEAST_SHARE = 0.03

export function readRetained(heap: V8Heap, isolate: Isolate, request: RetainedRequest): Retained {
  const expired = (): boolean => performance.now() > request.deadlineMs
  heap.flush()
  const objects = new Objects(heap, new Functions(heap))
  const scopes = new CodeScopes(objects)
  const all = largeObjects(objects, isolate.pages, expired)
  const large = all.slice(0, MAX_LARGE)
  const blocks = new HeapBlocks(heap.memory, heapRanges(heap.memory, isolate.pages), 0)
  const containing = new ContainingObjects(objects, isolate.pages, nativeContexts(heap, scopes, isolate.pages))
  const natives = new NativeObjects(objects, request.natives)
  const edges = new HolderEdges(objects, scopes, natives, new Resources(objects, natives), NOBODY)
  const search = (wanted: readonly Tagged[], late: () => boolean) =>
    new ReverseSearch({ objects, scopes, edges, containing, suspended: NOBODY, blocks }).run(
      wanted,
      late,
      heap.types.FIXED_ARRAY,
    )
  const { findings, cost } = search(
    large.map(({ object }) => object),
    expired,
  )
  const ways = waysOf(heap, large, findings, request, expired)
  const tables = new Set(all.map(({ object }) => object))
  const described = ways.map((way) => describe(objects, scopes, way, tables, request, expired))
  const holdings = [...described]
  const explained = described.reduce((sum, { holding }) => sum + holding.heldBytes, 0)
  if (explained < ENOUGH * (request.heapBytes ?? 0) && !expired()) {
    const sampled = sampledObjects(objects, containing, isolate.pages, SAMPLES)
    const untilMs = performance.now() + (request.deadlineMs - performance.now()) * SHARE_OF_SAMPLES
    const found = search(sampled, () => performance.now() > untilMs).findings
    for (const other of bySamples(objects, scopes, sampled, found, request)) addTo(holdings, other)
  }
  const closures = closuresOf(
    objects,
    { blocks, containing },
    new Set(holdings.flatMap(({ scopes }) => scopes.map(({ scope }) => scope))),
    expired,
  )
  const exported = exportedIn(
    objects,
    { blocks, containing },
    new Set(holdings.flatMap(({ cell }) => (cell === 0 ? [] : cell))),
    expired,
  )
  const least = LEAST_SHARE * (request.heapBytes ?? 0)
  return {
    holdings: holdings
      .map(({ holding, scopes: held, cell }) => {
        const declared = placeOf(objects, held, closures)
        const of = exported.get(cell)
        return of === undefined
          ? { ...holding, declared }
          : { ...holding, parts: withExport(of.variable, holding.parts), declared: declared ?? of.declared }
      })
      .filter(({ heldBytes }) => heldBytes >= least)
      .toSorted((a, b) => b.heldBytes - a.heldBytes)
      .slice(0, MAX_NAMED),
    unheld: large.length - ways.length,
    heapBytes: request.heapBytes,
    complete: cost.complete && !expired(),
  }
}

/** The way from a cell has no name in its first part. */
function withExport(variable: string, parts: readonly PathPart[]): readonly PathPart[] {
  const first: PathPart = { name: 'module', slot: `{${variable}}`, role: 'module' }
  return [first, ...parts.filter(({ role }) => role !== 'module')]
}

/** A collection of large entries keeps more than the walk of some of them shows. */
function addTo(holdings: Described[], other: Described): void {
  const at = holdings.findIndex(({ collection }) => collection === other.collection)
  const known = holdings[at]
  if (known === undefined) holdings.push(other)
  else if (other.holding.heldBytes > known.holding.heldBytes) {
    holdings[at] = { ...known, holding: { ...known.holding, heldBytes: other.holding.heldBytes } }
  }
}

function waysOf(
  heap: V8Heap,
  large: readonly LargeObject[],
  findings: ReadonlyMap<Tagged, Finding>,
  request: RetainedRequest,
  expired: () => boolean,
): Way[] {
  const found = large.flatMap((each): { large: LargeObject; finding: Finding; end: StepKey | null }[] => {
    const finding = findings.get(each.object)
    return finding === undefined ? [] : [{ large: each, finding, end: livingEnd(heap, finding) }]
  })
  const open = found.filter(({ end }) => end === null)
  const wanted = new Set(open.flatMap(({ finding }) => [...finding.steps.keys()].map(objectOf)))
  const exclude = [...request.pages].sort((a, b) => a.start - b.start)
  const roots = wanted.size === 0 ? null : findNativeRoots(heap.memory, wanted, exclude, expired)
  return found.flatMap(({ large: each, finding, end }): Way[] => {
    if (end !== null) return [{ large: each, finding, end, by: 'root' }]
    const keys = [...finding.steps.keys()]
    const strong = keys.find((key) => roots?.strong.has(objectOf(key)))
    if (strong !== undefined) return [{ large: each, finding, end: strong, by: 'native' }]
    // The farthest from the table: a collection is on the stack more often than what it consists of.
    const stray = keys.findLast((key) => roots?.stray.has(objectOf(key)))
    return stray === undefined ? [] : [{ large: each, finding, end: stray, by: 'stack' }]
  })
}

/** Of the scopes from the table upwards the first that a closure leads to the text of. */
function placeOf(
  objects: Objects,
  held: readonly HeldScope[],
  closures: ReadonlyMap<Tagged, Tagged>,
): Holding['declared'] {
  for (const { scope, variable } of held) {
    const closure = closures.get(scope)
    const place = closure === undefined ? null : declarationOf(objects, closure, variable)
    if (place !== null && !place.file.startsWith('node:')) return place
  }
  return null
}
