/** What most objects are held by, where no large table explains the heap. */
import { Paths, plainParts, withoutKeys } from '../awaits/judge/paths.js'
import { objectOf, stepsDown, type Finding, type StepKey } from '../awaits/search/wait-search.js'
import type { Tagged } from '../v8/heap/heap.js'
import type { CodeScopes } from '../v8/objects/code-scopes.js'
import type { Objects } from '../v8/objects/objects.js'
import { NOBODY, cellOf, scopesOf, sizeOfCollection, type Described, type RetainedRequest } from './holding.js'
import { livingEnd } from './living-end.js'

/** Objects that one collection must hold before it is named: of 48, a table of Node's own held up to 6, a cache 11 and more. */
const LEAST_SAMPLES = 8
/** What Node starts with: the modules that it is made of are a sixth of a heap that has nothing else. */
const NODES_OWN = 'node:internal/bootstrap/'

/** The collections that most of some objects, taken by chance, are held by: their share of them is that of the heap. */
export function bySamples(
  objects: Objects,
  scopes: CodeScopes,
  sampled: readonly Tagged[],
  findings: ReadonlyMap<Tagged, Finding>,
  request: RetainedRequest,
): Described[] {
  const { heap } = objects
  const groups = new Map<
    Tagged,
    { readonly finding: Finding; readonly end: StepKey; readonly at: StepKey; count: number }
  >()
  let alive = 0
  for (const object of sampled) {
    const finding = findings.get(object)
    const end = finding === undefined ? null : livingEnd(heap, finding)
    if (finding === undefined || end === null) continue
    alive++
    const at = stepsDown(finding, end).find((key) => heap.isCollection(objectOf(key)))
    if (at === undefined) continue
    const group = groups.get(objectOf(at))
    if (group === undefined) groups.set(objectOf(at), { finding, end, at, count: 1 })
    else group.count++
  }
  return [...groups.values()].flatMap(({ finding, end, at, count }) => {
    if (count < LEAST_SAMPLES) return []
    const chain = stepsDown(finding, end)
    const below = chain.slice(chain.indexOf(at) + 1).map(objectOf)
    const entry = below.find((object) => objects.isObject(object))
    if (entry !== undefined && objects.classScript(entry)?.startsWith(NODES_OWN) === true) return []
    const parts = new Paths(objects, scopes, NOBODY).parts(finding, end)
    const until = parts.findIndex(({ object }) => object === objectOf(at))
    return [
      {
        holding: {
          ...sizeOfCollection(objects, objectOf(at)),
          ownBytes: 0,
          heldBytes: Math.round(((request.heapBytes ?? 0) * count) / Math.max(alive, 1)),
          entries: entry === undefined ? null : objects.className(entry) || 'Object',
          by: 'root' as const,
          parts: withoutKeys(plainParts(parts.slice(0, until + 1))),
        },
        collection: objectOf(at),
        scopes: scopesOf(heap, scopes, finding, chain.slice(0, chain.indexOf(at))),
        cell: cellOf(heap, finding, end),
      },
    ]
  })
}
