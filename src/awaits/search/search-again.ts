/**
 * The second search for what nothing was found to settle. One search is no proof while the target goes on: an object
 * that moves from a block not yet read into one already read, or a function that is suspended meanwhile, is missed. So
 * it is made again over fresh pages, and counts only when no garbage was collected from its beginning to its end.
 */
import type { Tagged } from '../../v8/heap/heap.js'
import { CodeScopes } from '../../v8/objects/code-scopes.js'
import { ContainingObjects } from '../../v8/objects/containing-object.js'
import type { FreshHeap } from '../scan/settled-scan.js'
import { HolderEdges } from './holder-edges.js'
import type { NativeObjects } from '../resources/native-objects.js'
import type { Resources } from '../resources/resources.js'
import { ReverseSearch, type ReverseContext } from './reverse.js'
import type { Finding } from './wait-search.js'

const MAX_ATTEMPTS = 3

export interface SearchAgainInput {
  readonly context: ReverseContext
  readonly natives: NativeObjects
  readonly resources: Resources
  readonly hubs: readonly Tagged[]
  readonly fresh: FreshHeap
  /** A promise whose settler is known: a search that misses it proves nothing. */
  readonly control: Tagged | undefined
  readonly isPending: (promise: Tagged) => boolean
  readonly expired: () => boolean
}

export interface SearchedAgain {
  readonly findings: ReadonlyMap<Tagged, Finding>
  /** Settled, or somewhere else, by now. */
  readonly moved: ReadonlySet<Tagged>
  /** Garbage was collected during every attempt, or time was up: nothing is proved. */
  readonly proved: boolean
  readonly rounds: number
}

export function searchAgain(promises: readonly Tagged[], input: SearchAgainInput): SearchedAgain {
  const { context, fresh, control, expired } = input
  const { objects, suspended } = context
  let rounds = 0
  for (let attempt = 0; attempt < MAX_ATTEMPTS && !expired(); attempt++) {
    const before = fresh.collections()
    const { pages, blocks } = fresh.open()
    input.natives.flush()
    input.resources.flush()
    const moved = new Set(promises.filter((promise) => !input.isPending(promise)))
    const left = promises.filter((promise) => !moved.has(promise))
    if (left.length === 0) return { findings: new Map(), moved, proved: true, rounds }
    const scopes = new CodeScopes(objects)
    const search = new ReverseSearch({
      objects,
      scopes,
      edges: new HolderEdges(objects, scopes, input.natives, input.resources, suspended),
      containing: new ContainingObjects(objects, pages, input.hubs),
      suspended,
      blocks,
    })
    const known = control !== undefined && input.isPending(control) ? control : undefined
    const { findings, cost } = search.run(known === undefined ? left : [...left, known], expired)
    rounds += cost.rounds
    if (before !== fresh.collections()) continue
    const missed = known !== undefined && (findings.get(known)?.ends.length ?? 0) === 0
    if (known !== undefined) findings.delete(known)
    return { findings, moved, proved: cost.complete && !missed, rounds }
  }
  return { findings: new Map(), moved: new Set(), proved: false, rounds }
}
