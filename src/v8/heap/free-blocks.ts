/**
 * Memory that the collector has swept: FreeSpace objects (src/objects/free-space.tq: map, size, next). A page is read once
 * and its blocks are kept: a process may have a hundred thousand timers, and each of them is asked about.
 */
import { toAddress } from '../../model/address.js'
import type { V8Heap } from './heap.js'
import type { HeapPage } from './isolates.js'

interface FreeBlock {
  readonly start: number
  readonly end: number
}

/** Larger pages hold one object each, and nothing is freed in them. */
const MAX_PAGE_BYTES = 4 << 20
const HIGH = 2 ** 32
/** Of an object with a size of its own. */
const MIN_BYTES = 16

const CHUNK_BYTES = 64 << 10
/** Not the block of the scans: while they look at that one, they ask what is free. */
let shared: { readonly words: Uint32Array; readonly bytes: Buffer } | null = null

function ownChunk(): { readonly words: Uint32Array; readonly bytes: Buffer } {
  if (shared === null) {
    const words = new Uint32Array(CHUNK_BYTES / 4)
    shared = { words, bytes: Buffer.from(words.buffer) }
  }
  return shared
}

export class FreeBlocks {
  readonly #heap: V8Heap
  readonly #pages = new Map<HeapPage, readonly FreeBlock[]>()
  /** An isolate has one Map of that type; 0 until it is met. */
  #map = 0
  #low = 0
  /** The size of the smallest, as it stands in it. */
  readonly #smallest: number

  constructor(heap: V8Heap) {
    this.#heap = heap
    this.#smallest = MIN_BYTES / heap.layout.freeSpace.sizeUnit
  }

  /** Whether the last block that begins at or below the address covers it. */
  covers(page: HeapPage, address: number): boolean {
    const blocks = this.#blocksOf(page)
    let low = 0
    let high = blocks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((blocks[middle]?.start ?? 0) <= address) low = middle + 1
      else high = middle
    }
    return (blocks[low - 1]?.end ?? 0) > address
  }

  #blocksOf(page: HeapPage): readonly FreeBlock[] {
    let blocks = this.#pages.get(page)
    if (blocks === undefined) {
      blocks = page.end - page.start > MAX_PAGE_BYTES ? [] : this.#read(page)
      this.#pages.set(page, blocks)
    }
    return blocks
  }

  #read(page: HeapPage): FreeBlock[] {
    const { memory } = this.#heap
    const blocks: FreeBlock[] = []
    const chunk = ownChunk()
    for (let at: number = page.start; at < page.end; at += CHUNK_BYTES) {
      const bytes = chunk.bytes.subarray(0, Math.min(CHUNK_BYTES, page.end - at))
      memory.read(toAddress(at), bytes)
      this.#collect(at, chunk.words.subarray(0, bytes.length >>> 2), blocks)
    }
    return blocks
  }

  #collect(base: number, words: Uint32Array, blocks: FreeBlock[]): void {
    for (let i = 0; i < words.length; i += 2) {
      const low = words[i] as number
      if (this.#map === 0 ? !this.#isFirst(low, words, i) : low !== this.#low) continue
      if (low + (words[i + 1] as number) * HIGH !== this.#map) continue
      const start = base + i * 4
      blocks.push({ start, end: start + (this.#heap.smi(start + 1, 8) ?? 0) * this.#heap.layout.freeSpace.sizeUnit })
    }
  }

  /** Whether a FreeSpace begins here, the first that is met: its Map is then known. Nearly every word is none by its size. */
  #isFirst(low: number, words: Uint32Array, i: number): boolean {
    if ((low & 3) !== 1 || (words[i + 2] ?? 0) !== 0 || (words[i + 3] ?? this.#smallest) < this.#smallest) return false
    const map = low + (words[i + 1] as number) * HIGH
    if (this.#heap.typeOfMap(map) !== this.#heap.types.FREE_SPACE) return false
    this.#map = map
    this.#low = low
    return true
  }
}
