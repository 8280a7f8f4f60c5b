/** What a search for a promise's settler came upon, whichever way it went; and what both ways agree on. */
import type { Tagged } from '../../v8/heap/heap.js'

/** Keys of a step: a tagged address, or that plus a fraction where a scope was entered by another variable. */
export type StepKey = number

export interface Step {
  /** One step nearer to the promise; null at the promise itself. */
  readonly from: StepKey | null
  /** Byte offset, in the object of this step, of the slot that holds the object of `from`. */
  readonly offset: number
  readonly type: number
  readonly depth: number
  /** The slot is a resolving function's promise: the edge through which settling happens. */
  readonly settles: boolean
  /** Variable by which a scope was entered. */
  readonly variable?: string
}

export interface Finding {
  readonly promise: Tagged
  readonly steps: ReadonlyMap<StepKey, Step | null>
  /** Resources, and suspended functions or modules whose own end settles the promise. */
  readonly ends: readonly FoundEnd[]
  /** Emitters, requests and streams met on the way. */
  readonly waypoints: readonly StepKey[]
  /** Suspended functions that can reach the resolver by what they hold: holders of a lock. */
  readonly holders: readonly StepKey[]
  /** Steps whose own holders were not all looked for: enough was known before. */
  readonly open?: readonly StepKey[]
  /** By step: what it leads to besides, which another way had met before. Not all where there are very many. */
  readonly meets?: ReadonlyMap<StepKey, readonly Tagged[]>
  /** Reached only through a reject function or an error field: it can fail by this, not succeed. */
  readonly rejectsOnly: boolean
  /** Not every holder was followed. */
  readonly capped: boolean
  /** Only scopes keep it alive none of whose remaining functions mentions the variable. */
  readonly unusable: boolean
  readonly visited: number
}

export interface FoundEnd {
  readonly key: StepKey
  /** `root`: a module's variable, the global object or another place that lives as long as the process. */
  readonly kind: 'resource' | 'native' | 'function' | 'module' | 'root'
}

export function objectOf(key: StepKey): Tagged {
  return Math.floor(key)
}

/** Of a linked list each entry is a step. */
const MAX_CHAIN = 2_500

/** From `key` down to the promise. */
export function stepsDown(finding: Pick<Finding, 'steps'>, key: StepKey): StepKey[] {
  const chain: StepKey[] = []
  for (let at: StepKey | null = key; at !== null && chain.length < MAX_CHAIN;) {
    chain.push(at)
    at = finding.steps.get(at)?.from ?? null
  }
  return chain
}
