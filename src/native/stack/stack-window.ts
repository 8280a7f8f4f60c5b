/** A copy of a thread's stack, from its stack pointer up: one read, so that a walk sees one moment. */
import { toAddress, type Address } from '../../model/address.js'
import type { MemoryReader } from '../../platform/memory/memory-reader.js'

/** Deeper stacks are read in their lower part only; the main thread's usual limit is 8 MB. */
const MAX_BYTES = 16 << 20

export class StackWindow {
  readonly low: number
  readonly high: number
  readonly #words: Uint32Array

  /** Null when nothing of [low, high) can be read. */
  static read(memory: MemoryReader, low: Address, high: Address): StackWindow | null {
    const start = Math.floor(low / 8) * 8
    const length = Math.min(Math.floor((high - start) / 8) * 8, MAX_BYTES)
    if (!(length >= 16)) return null
    const bytes = new Uint8Array(length)
    return memory.read(toAddress(start), bytes) ? new StackWindow(start, bytes) : null
  }

  constructor(low: number, bytes: Uint8Array<ArrayBuffer>) {
    this.low = low
    this.high = low + bytes.length
    this.#words = new Uint32Array(bytes.buffer, 0, bytes.length >> 2)
  }

  /** 0 outside of the window, which is no frame pointer and no return address. */
  word(address: number): number {
    if (!(address >= this.low && address + 8 <= this.high)) return 0
    const index = (address - this.low) >> 2
    return (this.#words[index] ?? 0) + (this.#words[index + 1] ?? 0) * 0x1_0000_0000
  }

  /** Whether a word can be the saved frame pointer of a frame at `address`: further up, in the window, aligned. */
  leadsUp(address: number, word: number): boolean {
    return word > address && word < this.high - 8 && word % 8 === 0
  }
}
