/**
 * Who holds an object: every slot of the heap that refers to it, found by going over the heap's blocks round and round.
 * A holder found in a block is wanted at once, and that block is searched again for it while it is in the CPU's cache;
 * an address is done when every block has been seen since it was first wanted. So chains of a dozen holders take two or
 * three passes instead of a dozen.
 */
import { FILTER_MASK, filterIndex, makeFilter, type HeapBlocks } from '../../v8/heap/heap-blocks.js'

const HIGH = 2 ** 32
/** Filter entries of addresses that are done are only a loss of speed: the filter is made anew after so many. */
const STALE = 32
/** Words: two a hit. */
const HITS_BETWEEN = 64

export interface ReverseScanOptions {
  /** Most addresses that are wanted in all. */
  readonly limit: number
  readonly expired: () => boolean
  /** Asked after each full round: whether enough is known. */
  readonly enough: () => boolean
  /** Asked once nothing is wanted any more: what else is. None ends it. */
  readonly more?: () => readonly number[]
}

export interface ReverseScanCost {
  readonly rounds: number
  readonly wanted: number
  readonly bytes: number
  /** False when the limit or the deadline ended it. */
  readonly complete: boolean
}

/** `hit(target, slot, want)`: the word at address `slot` is `target`; `want` asks for the holders of one more. */
export function scanHolders(
  blocks: HeapBlocks,
  roots: Iterable<number>,
  hit: (target: number, slot: number, want: (address: number) => void) => void,
  options: ReverseScanOptions,
): ReverseScanCost {
  const order = blocks.starts()
  const active = new Set<number>()
  const known = new Set<number>()
  const expiry: { readonly address: number; readonly at: number }[] = []
  let expired = 0
  let fresh: number[] = []
  let limited = false
  const want = (address: number): void => {
    if (known.has(address)) return
    if (known.size >= options.limit) {
      limited = true
      return
    }
    known.add(address)
    fresh.push(address)
  }
  let filter = makeFilter(active)
  const freshFilter = new Uint8Array(FILTER_MASK + 1)
  let position = 0
  let bytes = 0
  const wantAll = (addresses: Iterable<number>): void => {
    for (const address of addresses) want(address)
    for (const address of fresh) {
      active.add(address)
      expiry.push({ address, at: position + order.length })
    }
    fresh = []
    filter = makeFilter(active)
  }
  wantAll(roots)
  const cutShort = (at: number): ReverseScanCost => ({
    rounds: at / order.length,
    wanted: known.size,
    bytes,
    complete: false,
  })
  while (active.size > 0 && order.length > 0) {
    if (options.expired()) return cutShort(position)
    const block = order[position % order.length]
    if (block === undefined) break
    const words = blocks.load(block.start, block.length)
    bytes += block.length
    position++
    let hits = collect(words, block.start, filter, active)
    for (;;) {
      for (let i = 0; i < hits.length; i += 2) {
        // A block may be full of them, and each takes a walk to the object that it lies in.
        if (i % HITS_BETWEEN === 0 && options.expired()) return cutShort(position)
        hit(hits[i] ?? 0, hits[i + 1] ?? 0, want)
      }
      if (fresh.length === 0) break
      const now = new Set(fresh)
      fresh = []
      for (const address of now) {
        active.add(address)
        expiry.push({ address, at: position - 1 + order.length })
        filter[filterIndex(address)] = 1
        freshFilter[filterIndex(address)] = 1
      }
      hits = collect(words, block.start, freshFilter, now)
      for (const address of now) freshFilter[filterIndex(address)] = 0
    }
    let gone = 0
    for (let next = expiry[expired]; next !== undefined && next.at <= position; next = expiry[expired]) {
      active.delete(next.address)
      expired++
      gone++
    }
    if (gone > STALE) filter = makeFilter(active)
    if (position % order.length === 0 && options.enough()) break
    if (active.size === 0 && options.more) wantAll(options.more())
  }
  return { rounds: position / Math.max(1, order.length), wanted: known.size, bytes, complete: !limited }
}

/** Target and slot address, alternating. */
function collect(words: Uint32Array, base: number, filter: Uint8Array, wanted: ReadonlySet<number>): number[] {
  const hits: number[] = []
  for (let i = 0; i < words.length; i += 2) {
    const low = words[i] as number
    if (filter[(low >>> 3) & FILTER_MASK] !== 1) continue
    const word = low + (words[i + 1] as number) * HIGH
    if (wanted.has(word)) hits.push(word, base + i * 4)
  }
  return hits
}
