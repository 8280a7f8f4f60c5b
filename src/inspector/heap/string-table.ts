/**
 * The strings of a heap snapshot as bytes outside the JavaScript heap: a snapshot of 200 MB has millions of them, and
 * as JavaScript strings they alone would cost more than the snapshot. Long ones are cut: they are contents, and we
 * need names.
 */

const BLOCK_BYTES = 1 << 20
/** Longest string kept, bytes of UTF-8. */
const MAX_STRING_BYTES = 512

export class StringTable {
  readonly #blocks: Uint8Array[] = []
  /** Start of each string: block number times BLOCK_BYTES plus place in it. */
  #starts = new Float64Array(1 << 12)
  #lengths = new Uint16Array(1 << 12)
  #count = 0
  #used = BLOCK_BYTES
  readonly #decoder = new TextDecoder()
  readonly #cache = new Map<number, string>()
  readonly #pending = new Uint8Array(MAX_STRING_BYTES + 4)
  #pendingLength = 0

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#blocks.length * BLOCK_BYTES + this.#starts.byteLength + this.#lengths.byteLength
  }

  /** Adds a UTF-16 unit to the string being built. */
  push(unit: number): void {
    const at = this.#pendingLength
    if (at >= MAX_STRING_BYTES) return
    const pending = this.#pending
    if (unit < 0x80) {
      pending[at] = unit
      this.#pendingLength = at + 1
    } else if (unit < 0x800) {
      pending[at] = 0xc0 | (unit >> 6)
      pending[at + 1] = 0x80 | (unit & 63)
      this.#pendingLength = at + 2
    } else {
      // Halves of surrogate pairs come out as replacement characters: names have none.
      pending[at] = 0xe0 | (unit >> 12)
      pending[at + 1] = 0x80 | ((unit >> 6) & 63)
      pending[at + 2] = 0x80 | (unit & 63)
      this.#pendingLength = at + 3
    }
  }

  /** Ends the string being built; it gets the next index. */
  end(): void {
    const length = this.#pendingLength
    if (this.#used + length > BLOCK_BYTES) {
      this.#blocks.push(new Uint8Array(BLOCK_BYTES))
      this.#used = 0
    }
    if (this.#count === this.#starts.length) this.#grow()
    const block = this.#blocks.length - 1
    this.#blocks[block]?.set(this.#pending.subarray(0, length), this.#used)
    this.#starts[this.#count] = block * BLOCK_BYTES + this.#used
    this.#lengths[this.#count] = length
    this.#used += length
    this.#count++
    this.#pendingLength = 0
  }

  get(index: number): string {
    const cached = this.#cache.get(index)
    if (cached !== undefined) return cached
    const start = this.#starts[index] ?? 0
    const block = this.#blocks[Math.floor(start / BLOCK_BYTES)]
    const from = start % BLOCK_BYTES
    const text =
      block === undefined ? '' : this.#decoder.decode(block.subarray(from, from + (this.#lengths[index] ?? 0)))
    if (this.#cache.size < 100_000) this.#cache.set(index, text)
    return text
  }

  /** Indices of the wanted strings; one that the snapshot lacks is absent. */
  find(wanted: readonly string[]): Map<string, number> {
    const lengths = new Set(wanted.map((text) => Buffer.byteLength(text)))
    const left = new Set(wanted)
    const found = new Map<string, number>()
    for (let i = 0; i < this.#count && left.size > 0; i++) {
      if (!lengths.has(this.#lengths[i] ?? 0)) continue
      const text = this.get(i)
      if (left.delete(text)) found.set(text, i)
    }
    return found
  }

  #grow(): void {
    const starts = new Float64Array(this.#starts.length * 2)
    starts.set(this.#starts)
    this.#starts = starts
    const lengths = new Uint16Array(this.#lengths.length * 2)
    lengths.set(this.#lengths)
    this.#lengths = lengths
  }
}
