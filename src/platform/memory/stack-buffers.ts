/** Memory for copies of stacks that is used again: what is made anew for each look keeps the garbage collector busy. */
import type { StackWindow } from './stack-window.js'

/** A look holds three copies of each thread's stack. */
const MAX_FREE = 256
const MAX_FREE_BYTES = 32 << 20

export class StackBuffers {
  readonly #free: Buffer[] = []
  #freeBytes = 0

  /** For `StackWindow.read`. */
  readonly allot = (length: number): Buffer => {
    const index = this.#free.findIndex((bytes) => bytes.length === length)
    const [bytes] = index < 0 ? [] : this.#free.splice(index, 1)
    if (!bytes) return Buffer.allocUnsafeSlow(length)
    this.#freeBytes -= length
    return bytes
  }

  /** Whoever gives a copy back reads it no more. */
  giveBack(window: StackWindow | null): void {
    if (!window || this.#free.length >= MAX_FREE || this.#freeBytes + window.bytes.length > MAX_FREE_BYTES) return
    this.#free.push(window.bytes)
    this.#freeBytes += window.bytes.length
  }
}
