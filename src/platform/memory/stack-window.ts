/** A copied stretch of a thread's stack: taken in one read, so that what is walked does not change under the walk. */
import { toAddress } from '../../model/address.js'
import type { MemoryReader } from './memory-reader.js'

/** Far above any stack that JavaScript can fill with V8's default limit (984 kB); bounds a reader inside the worker. */
export const MAX_STACK_BYTES = 16 << 20

export class StackWindow {
  readonly low: number
  /** Exclusive. */
  readonly high: number
  readonly #bytes: Buffer

  constructor(low: number, bytes: Buffer) {
    this.low = low
    this.high = low + bytes.length
    this.#bytes = bytes
  }

  /** Holds the 8 bytes at `address`, aligned. */
  holds(address: number): boolean {
    return address >= this.low && address + 8 <= this.high && address % 8 === 0
  }

  /** Word at `address`; NaN outside of the window. */
  word(address: number): number {
    if (!this.holds(address)) return Number.NaN
    const offset = address - this.low
    return this.#bytes.readUInt32LE(offset) + this.#bytes.readUInt32LE(offset + 4) * 2 ** 32
  }

  /** A Smi; null when the word is none. */
  smi(address: number): number | null {
    if (!this.holds(address)) return null
    const offset = address - this.low
    return this.#bytes.readUInt32LE(offset) === 0 ? this.#bytes.readInt32LE(offset + 4) : null
  }
}

/**
 * Copies from `from` up to the end of the mapping that holds it; null when that can't be read. What lies beyond
 * `MAX_STACK_BYTES` is left out: the walk then ends early and says so.
 */
export function copyStack(memory: MemoryReader, from: number): StackWindow | null {
  const mapping = memory.mappingOf(toAddress(from))
  if (!mapping?.readable || !mapping.writable) return null
  const low = Math.max(mapping.start, from - (from % 8))
  const bytes = Buffer.allocUnsafe(Math.min(mapping.end - low, MAX_STACK_BYTES))
  return memory.peek(toAddress(low), bytes) ? new StackWindow(low, bytes) : null
}
