/** What keeps the memory of a heap: its biggest collections, who holds them, and about how much. */
import type { DeclaredPlace, PathPart } from './wait.js'

export type HoldingKind = 'array' | 'map' | 'set' | 'object' | 'string'

export interface Holding {
  readonly kind: HoldingKind
  /** Entries of a collection, characters of a string. */
  readonly count: number
  /** Its own table or text, bytes. */
  readonly ownBytes: number
  /** About how much it keeps alive, with what its entries refer to; estimated from some of them, and no more than the heap. */
  readonly heldBytes: number
  /** What most of its entries are: a class, `string`, `number`. */
  readonly entries: string | null
  /** From what lives as long as the process (`root`), from a variable on the stack, or from native code, down to it. */
  readonly by: 'root' | 'stack' | 'native'
  readonly parts: readonly PathPart[]
  /** Where the variable is declared that holds it, or the function whose variable it is; null: not found. */
  readonly declared: DeclaredPlace | null
}

export interface Retained {
  /** The one that keeps most comes first. */
  readonly holdings: readonly Holding[]
  /** Large tables that nothing alive was found to hold: garbage, as a rule. */
  readonly unheld: number
  readonly heapBytes: number | null
  /** False when the deadline or a bound ended it: there may be others. */
  readonly complete: boolean
}
