/** A copied stretch of a thread's stack: taken in one read, so that what is walked does not change under the walk. */
import { toAddress } from '../../model/address.js'
import type { MemoryReader } from './memory-reader.js'

/**
 * Far above any stack that JavaScript can fill with V8's default limit (984 kB), and above the main thread's usual 8 MB;
 * bounds a reader inside the worker.
 */
const MAX_STACK_BYTES = 16 << 20

export class StackWindow {
  readonly low: number
  /** Exclusive. */
  readonly high: number
  readonly #bytes: Buffer

  /** `low` is aligned to 8. */
  constructor(low: number, bytes: Buffer) {
    this.low = low
    this.high = low + bytes.length
    this.#bytes = bytes
  }

  /** Copies [low, high), cut to `MAX_STACK_BYTES`; null when it can't be read. */
  static read(memory: MemoryReader, low: number, high: number): StackWindow | null {
    const start = Math.floor(low / 8) * 8
    const length = Math.min(Math.floor((high - start) / 8) * 8, MAX_STACK_BYTES)
    if (!(length >= 16)) return null
    const bytes = Buffer.allocUnsafe(length)
    return memory.peek(toAddress(start), bytes) ? new StackWindow(start, bytes) : null
  }

  /** Holds the 8 bytes at `address`, aligned. */
  holds(address: number): boolean {
    return address >= this.low && address + 8 <= this.high && address % 8 === 0
  }

  /** Word at `address`; 0 outside of the window, which is no heap pointer, no frame pointer and no return address. */
  word(address: number): number {
    if (!this.holds(address)) return 0
    const offset = address - this.low
    return this.#bytes.readUInt32LE(offset) + this.#bytes.readUInt32LE(offset + 4) * 2 ** 32
  }

  /** A Smi; null when the word is none. */
  smi(address: number): number | null {
    if (!this.holds(address)) return null
    const offset = address - this.low
    return this.#bytes.readUInt32LE(offset) === 0 ? this.#bytes.readInt32LE(offset + 4) : null
  }

  /** Whether a word can be the saved frame pointer of a frame at `address`: further up, in the window, aligned. */
  leadsUp(address: number, word: number): boolean {
    return word > address && word < this.high - 8 && word % 8 === 0
  }
}

/**
 * Copies from `from` up to the end of the mapping that holds it; null when that can't be read. What lies beyond
 * `MAX_STACK_BYTES` is left out: the walk then ends early and says so.
 */
export function copyStack(memory: MemoryReader, from: number): StackWindow | null {
  const mapping = memory.mappingOf(toAddress(from))
  if (!mapping?.readable || !mapping.writable) return null
  return StackWindow.read(memory, Math.max(mapping.start, from), mapping.end)
}
