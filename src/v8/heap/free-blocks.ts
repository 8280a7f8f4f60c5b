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

export class FreeBlocks {
  readonly #heap: V8Heap
  readonly #pages = new Map<HeapPage, readonly FreeBlock[]>()
  /** An isolate has one Map of that type; 0 until it is met. */
  #map = 0

  constructor(heap: V8Heap) {
    this.#heap = heap
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
    for (let at: number = page.start; at < page.end; at += 8) {
      const word = memory.word(toAddress(at))
      if (!this.#isFreeSpaceMap(word)) continue
      blocks.push({ start: at, end: at + (this.#heap.smi(at + 1, 8) ?? 0) })
    }
    return blocks
  }

  #isFreeSpaceMap(word: number): boolean {
    if (this.#map !== 0) return word === this.#map
    if (!this.#heap.isPointer(word) || this.#heap.typeOfMap(word) !== this.#heap.types.FREE_SPACE) return false
    this.#map = word
    return true
  }
}
