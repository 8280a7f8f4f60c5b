/** The entries of an ELF symbol table (System V ABI, "Symbol Table") as words, and the one that an address lies in. */
const STT_FUNC = 2
const STT_NOTYPE = 0
const STT_GNU_IFUNC = 10
export const ENTRY_BYTES = 24
export const ENTRY_WORDS = 6
/** Symbols without a size (hand-written assembly) are believed this far. */
export const UNSIZED_REACH_BYTES = 1 << 16

export type ElfSymbolKind = 'function' | 'object' | 'tls' | 'other'

interface Entry {
  /** Offset of its name. */
  readonly name: number
  readonly value: number
  readonly sizeBytes: number
}

const NO_ENTRY: Entry = { name: 0, value: 0, sizeBytes: 0 }

/** One address that is looked for, and the entries that may be its function. */
export class Candidate {
  readonly address: number
  #covering = NO_ENTRY
  #closest = NO_ENTRY

  constructor(address: number) {
    this.address = address
  }

  consider(words: Uint32Array): void {
    const { address } = this
    let closest = this.#closest.value
    for (let word = 1; word < words.length; word += ENTRY_WORDS) {
      const value = (words[word + 2] ?? 0) * 0x1_0000_0000 + (words[word + 1] ?? 0)
      if (value > address || value === 0 || !isCode(words[word] ?? 0)) continue
      const sizeBytes = (words[word + 4] ?? 0) * 0x1_0000_0000 + (words[word + 3] ?? 0)
      // Among aliases the later entry, as a sort by address and index has it.
      const isCloser = value >= closest
      const covers = address - value < sizeBytes && value >= this.#covering.value
      if (!isCloser && !covers) continue
      const entry = { name: words[word - 1] ?? 0, value, sizeBytes }
      if (covers) this.#covering = entry
      if (!isCloser) continue
      this.#closest = entry
      closest = value
    }
  }

  get best(): Entry {
    const { value, sizeBytes } = this.#closest
    const isLabel = sizeBytes === 0 && value > 0 && this.address - value < UNSIZED_REACH_BYTES
    return isLabel ? this.#closest : this.#covering
  }
}

export function valueOf(words: Uint32Array, index: number): number {
  const word = index * ENTRY_WORDS
  return (words[word + 3] ?? 0) * 0x1_0000_0000 + (words[word + 2] ?? 0)
}

export function sizeOf(words: Uint32Array, index: number): number {
  const word = index * ENTRY_WORDS
  return (words[word + 5] ?? 0) * 0x1_0000_0000 + (words[word + 4] ?? 0)
}

export function kindOf(info: number): ElfSymbolKind {
  const type = info & 15
  if (type === STT_FUNC || type === STT_GNU_IFUNC) return 'function'
  return type === 1 ? 'object' : type === 6 ? 'tls' : 'other'
}

/** Code, or a label in it (hand-written assembly), that is defined here: the section index is in the upper half. */
export function isCode(info: number): boolean {
  const type = info & 15
  return info >>> 16 !== 0 && (type === STT_FUNC || type === STT_NOTYPE || type === STT_GNU_IFUNC)
}

export function wordsOf(bytes: Uint8Array<ArrayBuffer>): Uint32Array {
  return new Uint32Array(bytes.buffer, 0, Math.floor(bytes.length / ENTRY_BYTES) * ENTRY_WORDS)
}
