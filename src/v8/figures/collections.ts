/** What the garbage collector has done in an isolate since it was asked about last. */
import { toAddress } from '../../model/address.js'
import type { Address } from '../../model/address.js'
import type { V8Heap } from '../heap/heap.js'
import { ISOLATE_FIGURES } from '../layouts/isolate-figures.js'

/**
 * `young`: objects of the young generation may have moved. `everything`: of the old one too, or their place was given to
 * others; also where it can't be told, and the first time.
 */
export type Collected = 'nothing' | 'young' | 'everything'

const ORDER: readonly Collected[] = ['nothing', 'young', 'everything']

export function worse(one: Collected, other: Collected): Collected {
  return ORDER.indexOf(one) >= ORDER.indexOf(other) ? one : other
}

interface Counts {
  readonly all: number
  readonly markCompacts: number
}

export class Collections {
  readonly #counts = new Map<Address, Counts>()
  readonly #last = new Map<Address, Collected>()
  /** Isolates that were seen to collect. */
  readonly #collecting = new Set<Address>()
  readonly #bytes = Buffer.alloc(8)

  /** A count goes up when a collection begins: what is read before its end is not what is there then. */
  noteCollecting(isolate: Address): void {
    this.#collecting.add(isolate)
  }

  since(heap: V8Heap, isolate: Address): Collected {
    const counted = this.#counted(heap, isolate)
    const before = this.#last.get(isolate) ?? 'nothing'
    this.#last.set(isolate, counted)
    return this.#collecting.delete(isolate) ? worse(worse('young', before), counted) : counted
  }

  #counted(heap: V8Heap, isolate: Address): Collected {
    const { collections, markCompacts } = ISOLATE_FIGURES[heap.layout.family]
    const first = Math.min(collections, markCompacts)
    const bytes = this.#bytes
    // Both counts lie side by side (src/heap/heap.h).
    if (!heap.memory.peek(toAddress(isolate + first), bytes)) return 'everything'
    const all = bytes.readUInt32LE(collections - first)
    const compacts = bytes.readUInt32LE(markCompacts - first)
    const before = this.#counts.get(isolate)
    if (before?.all === all && before.markCompacts === compacts) return 'nothing'
    this.#counts.set(isolate, { all, markCompacts: compacts })
    return before?.markCompacts === compacts ? 'young' : 'everything'
  }
}
