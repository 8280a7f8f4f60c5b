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
  /** For `StackBuffers`. */
  readonly bytes: Buffer
  /** The same as halves of words. */
  readonly #words: Uint32Array

  /** `low` is aligned to 8; `bytes` begin at a multiple of 4 in their memory. */
  constructor(low: number, bytes: Buffer) {
    this.low = low
    this.high = low + bytes.length
    this.bytes = bytes
    this.#words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2)
  }

  /**
   * Copies [low, high), cut to `MAX_STACK_BYTES`; null when it can't be read.
   *
   * @param allot gives the memory for so many bytes; by default it is made anew
   */
  static read(
    memory: MemoryReader,
    low: number,
    high: number,
    // Not from the pool: words are read from it as numbers.
    allot: (length: number) => Buffer = (length) => Buffer.allocUnsafeSlow(length),
  ): StackWindow | null {
    const start = Math.floor(low / 8) * 8
    const length = Math.min(Math.floor((high - start) / 8) * 8, MAX_STACK_BYTES)
    if (!(length >= 16)) return null
    const bytes = allot(length)
    return memory.peek(toAddress(start), bytes) ? new StackWindow(start, bytes) : null
  }

  /** Holds the 8 bytes at `address`, aligned. */
  holds(address: number): boolean {
    return address >= this.low && address + 8 <= this.high && address % 8 === 0
  }

  /** Word at `address`; 0 outside of the window, which is no heap pointer, no frame pointer and no return address. */
  word(address: number): number {
    if (!this.holds(address)) return 0
    const index = (address - this.low) >>> 2
    return (this.#words[index] ?? 0) + (this.#words[index + 1] ?? 0) * 2 ** 32
  }

  /** A Smi; null when the word is none. */
  smi(address: number): number | null {
    if (!this.holds(address)) return null
    const offset = address - this.low
    return this.bytes.readUInt32LE(offset) === 0 ? this.bytes.readInt32LE(offset + 4) : null
  }

  /** Whether [low, high) holds the same bytes in another copy of this stack; both must hold it. */
  sameAs(other: StackWindow, low: number, high: number): boolean {
    if (low < this.low || low < other.low || high > this.high || high > other.high || high < low) return false
    return this.bytes.compare(other.bytes, low - other.low, high - other.low, low - this.low, high - this.low) === 0
  }

  /** How many words lie between the lowest one and that at `address`. */
  indexOf(address: number): number {
    return (address - this.low) / 8
  }

  /**
   * All that can be a frame in [low, high), from the highest down: words that have one of `markers` `marked` bytes
   * further, and those that lead up in this stack. Two numbers each: which word it is, counted from the lowest, and which
   * one it leads to; -1 where it is marked.
   */
  possibleFrames(low: number, high: number, marked: number, markers: readonly number[]): number[] {
    const words = this.#words
    const found: number[] = []
    const base = this.low
    const from = Math.max(0, Math.ceil((low - base) / 8))
    const shift = (marked / 8) * 2
    const [one = 0, other = 0] = markers
    for (let index = Math.floor((Math.min(high, this.high) - base) / 8) - 1; index >= from; index--) {
      const marker = words[2 * index + shift] ?? 0
      if ((marker === one || marker === other) && marker !== 0 && words[2 * index + shift + 1] === 0) {
        found.push(index, -1)
        continue
      }
      const word = (words[2 * index] ?? 0) + (words[2 * index + 1] ?? 0) * 2 ** 32
      if (this.leadsUp(base + index * 8, word)) found.push(index, ((word - base) / 8) | 0)
    }
    return found
  }

  /** Words in [low, high) that can be tagged pointers, from the highest address down. */
  *taggedWords(low: number, high: number): Generator<number> {
    const words = this.#words
    const from = Math.max(0, Math.ceil((low - this.low) / 8))
    for (let index = Math.floor((Math.min(high, this.high) - this.low) / 8) - 1; index >= from; index--) {
      const lower = words[2 * index] ?? 0
      if ((lower & 3) === 1) yield lower + (words[2 * index + 1] ?? 0) * 2 ** 32
    }
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
