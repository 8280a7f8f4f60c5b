/**
 * An isolate's pages as blocks of words: neighbours joined, absent parts left out, copied a megabyte at a time
 * into one buffer that is used again and again. A small heap may be kept as it was read: what leaves wait for then
 * needs no further pass over the target's memory.
 */
import type { Address } from '../../model/address.js'
import { toAddress } from '../../model/address.js'
import type { MemoryReader } from '../../platform/memory/memory-reader.js'
import type { HeapPage } from './isolates.js'

/** Of a reader that keeps no copy of the heap, because its memory counts in the target's pod. */
export const BLOCK_BYTES = 1 << 20
/** Fewer and longer reads elsewhere. */
const LARGE_BLOCK_BYTES = 4 << 20
/** Reading an absent page grows the target's page tables: pagemap is asked about stretches longer than this. */
const ASK_BYTES = 1 << 20

export interface HeapRange {
  readonly start: Address
  readonly end: Address
}

/**
 * The one buffer of all scans, which follow one another and never call each other while they use it. Freed and made anew
 * for each, such buffers stay resident (malloc keeps them), and inside the worker that counts in its pod.
 */
let shared: { readonly words: Uint32Array; readonly bytes: Buffer } | null = null

export function sharedBlock(sizeBytes = BLOCK_BYTES): { readonly words: Uint32Array; readonly bytes: Buffer } {
  if (shared === null || shared.bytes.length < sizeBytes) {
    const words = new Uint32Array(sizeBytes / 4)
    shared = { words, bytes: Buffer.from(words.buffer) }
  }
  return shared
}

/** What a scan sees of one block: 32-bit halves, the first of them at `base`. */
export type BlockVisitor = (base: number, words: Uint32Array) => void

/** Contiguous stretches of the pages, in ascending order, without what was never touched. */
export function heapRanges(memory: MemoryReader, pages: readonly HeapPage[]): HeapRange[] {
  const joined: { start: number; end: number }[] = []
  for (const page of [...pages].sort((a, b) => a.start - b.start)) {
    const last = joined.at(-1)
    if (last !== undefined && last.end === page.start) last.end = page.end
    else joined.push({ start: page.start, end: page.end })
  }
  return joined.flatMap(({ start, end }): HeapRange[] =>
    end - start > ASK_BYTES
      ? memory.present(toAddress(start), toAddress(end)).map((run) => ({ start: run.start, end: run.end }))
      : [{ start: toAddress(start), end: toAddress(end) }],
  )
}

export class HeapBlocks {
  readonly ranges: readonly HeapRange[]
  readonly sizeBytes: number
  /** Whether it is small enough to be kept. */
  readonly keeps: boolean
  readonly #memory: MemoryReader
  readonly #blockBytes: number
  readonly #kept = new Map<number, Uint32Array>()

  /** @param keepBytes a heap of at most this size is kept once it was visited with `keep` */
  constructor(memory: MemoryReader, ranges: readonly HeapRange[], keepBytes: number) {
    this.#memory = memory
    this.ranges = ranges
    this.sizeBytes = ranges.reduce((sum, range) => sum + range.end - range.start, 0)
    this.keeps = this.sizeBytes <= keepBytes
    this.#blockBytes = keepBytes > 0 ? LARGE_BLOCK_BYTES : BLOCK_BYTES
  }

  /** Gives the kept copy back; later passes read the target again. */
  release(): void {
    this.#kept.clear()
  }

  get isKept(): boolean {
    return this.#kept.size > 0
  }

  /** Whether the target still has, byte for byte, what was kept; false where not all of it was. */
  isAsKept(expired: () => boolean): boolean {
    const { bytes } = sharedBlock(this.#blockBytes)
    return this.starts().every(({ start, length }) => {
      const kept = this.#kept.get(start)
      if (kept === undefined || expired()) return false
      const now = bytes.subarray(0, length)
      this.#memory.read(toAddress(start), now)
      return now.compare(new Uint8Array(kept.buffer, kept.byteOffset, kept.byteLength)) === 0
    })
  }

  /** [start, length] of every block, in order. */
  starts(): { readonly start: number; readonly length: number }[] {
    const blocks: { start: number; length: number }[] = []
    for (const range of this.ranges) {
      // Cut where V8's own pages begin, which no object but a large one crosses.
      for (let start: number = range.start; start < range.end;) {
        const end = Math.min(range.end, (Math.floor(start / this.#blockBytes) + 1) * this.#blockBytes)
        blocks.push({ start, length: end - start })
        start = end
      }
    }
    return blocks
  }

  /** A block's words, good until the next is loaded, of whichever scan. What could not be read is zeros: no pointers. */
  load(start: number, length: number): Uint32Array {
    const kept = this.#kept.get(start)
    if (kept !== undefined) return kept
    const { words, bytes } = sharedBlock(this.#blockBytes)
    this.#memory.read(toAddress(start), bytes.subarray(0, length))
    return words.subarray(0, length >>> 2)
  }

  /** All blocks in order; false when `expired` ended it. With `keep`, what is read is kept for later passes. */
  visit(visitor: BlockVisitor, expired: () => boolean, keep = false): boolean {
    for (const block of this.starts()) {
      if (expired()) return false
      if (keep && this.keeps) this.#kept.delete(block.start)
      const words = this.load(block.start, block.length)
      if (keep && this.keeps) this.#kept.set(block.start, words.slice())
      visitor(block.start, words)
    }
    return true
  }
}

const HIGH = 2 ** 32
const FILTER_BITS = 18
export const FILTER_MASK = (1 << FILTER_BITS) - 1

/** Index into a filter for the low half of a tagged pointer: objects are 8 bytes apart. */
export function filterIndex(pointer: number): number {
  return ((pointer % HIGH) >>> 3) & FILTER_MASK
}

export function makeFilter(pointers: Iterable<number>): Uint8Array {
  const filter = new Uint8Array(FILTER_MASK + 1)
  for (const pointer of pointers) filter[filterIndex(pointer)] = 1
  return filter
}

/**
 * Calls `hit` for every word of a block that equals one of `wanted`. The filter keeps the loop to one load and one
 * compare a word; the rest happens for one word in thousands.
 */
export function matchWords<T>(
  base: number,
  words: Uint32Array,
  filter: Uint8Array,
  wanted: ReadonlyMap<number, T>,
  hit: (address: number, tag: T, index: number) => void,
): void {
  for (let i = 0; i < words.length; i += 2) {
    const low = words[i] as number
    if (filter[(low >>> 3) & FILTER_MASK] !== 1) continue
    const tag = wanted.get(low + (words[i + 1] as number) * HIGH)
    if (tag !== undefined) hit(base + i * 4, tag, i)
  }
}
