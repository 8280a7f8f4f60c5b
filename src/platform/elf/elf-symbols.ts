/**
 * Symbols of an ELF file, by name, by prefix and by address.
 *
 * Node's binaries carry up to 170,000 symbols with 19 MB of names. A search by name keeps the
 * entries (4 MB) and goes over the names in windows of 2 MB; a search by address keeps neither: inside a worker the
 * memory counts in its pod.
 */
import type { ByteSource } from './byte-source.js'
import {
  Candidate,
  ENTRY_BYTES,
  ENTRY_WORDS,
  isCode,
  kindOf,
  sizeOf,
  UNSIZED_REACH_BYTES,
  valueOf,
  wordsOf,
} from './symbol-entries.js'
import type { ElfSymbolKind } from './symbol-entries.js'
import { anyOf, exactly, MAX_NAME_BYTES, startingWith } from './symbol-names.js'
import type { Matcher } from './symbol-names.js'

export type { ElfSymbolKind } from './symbol-entries.js'

const SHT_SYMTAB = 2
const SHT_DYNSYM = 11
const STT_FILE = 4
/** Some 1.4 million symbols: five times what a debug build of Node has. */
const MAX_TABLE_BYTES = 32 << 20
const MAX_NAMES_BYTES = 256 << 20
const WINDOW_BYTES = 2 << 20
const MAX_CACHED_NAMES = 8192
/** Aliases and nested labels: how many entries below an address are looked at for one that covers it. */
const NEAREST_TRIES = 16
/** So many addresses are looked up by going over the table, piece by piece (2 ms each, no memory); for more it is sorted (20 ms, 1 MB). */
const SCANS_BEFORE_SORT = 12
const SCAN_ENTRIES = 8192

export interface ElfSection {
  readonly type: number
  readonly address: number
  readonly fileOffset: number
  readonly sizeBytes: number
  readonly link: number
}

export interface ElfSymbol {
  /** As in the file: mangled. */
  readonly name: string
  /** Virtual address in the file; for `tls` an offset in the TLS template. */
  readonly value: number
  readonly sizeBytes: number
  readonly kind: ElfSymbolKind
  /** For local symbols of .symtab: the source file they were defined in (`threadpool.c`); null for global ones. */
  readonly file: string | null
}

/** A function of the file. */
export interface FunctionSymbol {
  readonly name: string
  /** Its start. */
  readonly value: number
  readonly sizeBytes: number
}

export interface NearestSymbol extends FunctionSymbol {
  /** Bytes past the start. */
  readonly offset: number
}

interface Extent {
  readonly fileOffset: number
  readonly count: number
  readonly namesOffset: number
  readonly namesBytes: number
}

interface Table extends Extent {
  readonly words: Uint32Array
}

export class ElfSymbols {
  /** No .symtab: only what the dynamic linker needs is left. */
  readonly stripped: boolean
  readonly #source: ByteSource
  readonly #sections: readonly ElfSection[]
  #symtab: Table | null | undefined
  #dynsym: Table | null | undefined
  #sorted: Float64Array | undefined
  #scans = 0
  readonly #nearest = new Map<number, NearestSymbol | null>()
  readonly #names = new Map<number, string>()

  constructor(source: ByteSource, sections: readonly ElfSection[]) {
    this.#source = source
    this.#sections = sections
    this.stripped = !sections.some((section) => section.type === SHT_SYMTAB)
  }

  /**
   * Exact names, and all names with one of `prefixes`, in one pass. Names that .symtab lacks are looked up in .dynsym.
   * A local name can have several definitions: `file` tells them apart.
   */
  find(names: Iterable<string>, prefixes: readonly string[] = []): Map<string, ElfSymbol[]> {
    const found = new Map<string, ElfSymbol[]>()
    const wanted = new Set(names)
    let rest = prefixes
    for (const table of [this.#tableOf('symtab'), this.#tableOf('dynsym')]) {
      if (!table || (wanted.size === 0 && rest.length === 0)) continue
      for (const symbol of this.#search(table, anyOf([exactly(wanted), ...rest.map(startingWith)]))) {
        const list = found.get(symbol.name)
        if (list) list.push(symbol)
        else found.set(symbol.name, [symbol])
      }
      for (const name of found.keys()) wanted.delete(name)
      rest = rest.filter((prefix) => ![...found.keys()].some((name) => name.startsWith(prefix)))
    }
    return found
  }

  /** All symbols whose name starts with `prefix`, at most `limit`. From .symtab, or from .dynsym when that has none. */
  withPrefix(prefix: string, limit = 65_536): ElfSymbol[] {
    for (const table of [this.#tableOf('symtab'), this.#tableOf('dynsym')]) {
      if (!table) continue
      const found = this.#search(table, startingWith(prefix), limit)
      if (found.length > 0) return found
    }
    return []
  }

  /** The function that covers a virtual address of the file; null in a gap or in data. */
  nearest(address: number): NearestSymbol | null {
    const known = this.#nearest.get(address)
    if (known !== undefined) return known
    if (this.#sorted === undefined && this.#scans < SCANS_BEFORE_SORT) {
      this.prepare([address])
      return this.#nearest.get(address) ?? null
    }
    const found = this.#nearestSorted(address)
    this.#remember(address, found)
    return found
  }

  /** Looks several addresses up at once: each pass costs the same. */
  prepare(addresses: Iterable<number>): void {
    const unknown = [...new Set(addresses)].filter((address) => !this.#nearest.has(address))
    if (unknown.length === 0 || this.#sorted !== undefined) return
    this.#scans++
    for (const [index, found] of this.#scan(unknown).entries()) this.#remember(unknown[index] ?? 0, found)
  }

  /** What a table of this very file says of its functions: looked up by their starts, they need no search. */
  know(functions: readonly FunctionSymbol[]): void {
    for (const each of functions) this.#remember(each.value, { ...each, offset: 0 })
  }

  #remember(address: number, found: NearestSymbol | null): void {
    if (this.#nearest.size >= MAX_CACHED_NAMES) this.#nearest.clear()
    this.#nearest.set(address, found)
  }

  #nearestSorted(address: number): NearestSymbol | null {
    const extent = this.#codeTable()
    if (!extent) return null
    const sorted = (this.#sorted ??= this.#sortFunctions(extent))
    const factor = indexFactor(extent)
    const key = (address + 1) * factor
    let low = 0
    let high = sorted.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      if ((sorted[middle] ?? 0) < key) low = middle + 1
      else high = middle - 1
    }
    for (let tries = 0; high >= 0 && tries < NEAREST_TRIES; high--, tries++) {
      const entry = this.#source.read(extent.fileOffset + ((sorted[high] ?? 0) % factor) * ENTRY_BYTES, ENTRY_BYTES)
      if (entry.length < ENTRY_BYTES) return null
      const words = wordsOf(entry)
      const value = valueOf(words, 0)
      const sizeBytes = sizeOf(words, 0)
      const offset = address - value
      const covers = sizeBytes > 0 ? offset < sizeBytes : tries === 0 && offset < UNSIZED_REACH_BYTES
      if (covers) return { name: this.#nameOf(extent, words[0] ?? 0), value, sizeBytes, offset }
    }
    return null
  }

  /** One pass over the table for some addresses, which keeps nothing of it. */
  #scan(addresses: readonly number[]): (NearestSymbol | null)[] {
    const extent = this.#codeTable()
    if (!extent) return addresses.map(() => null)
    const candidates = addresses.map((address) => new Candidate(address))
    this.#pieces(extent, (words) => {
      for (const candidate of candidates) candidate.consider(words)
    })
    return candidates.map(({ best, address }) => {
      if (best.value === 0) return null
      const { value, sizeBytes } = best
      return { name: this.#nameOf(extent, best.name), value, sizeBytes, offset: address - value }
    })
  }

  #codeTable(): Extent | null {
    return this.#extentOf(SHT_SYMTAB) ?? this.#extentOf(SHT_DYNSYM)
  }

  /** Goes over a table without keeping it; ends early where the file does. */
  #pieces(extent: Extent, visit: (words: Uint32Array, first: number) => void): void {
    const piece = new Uint32Array(Math.min(SCAN_ENTRIES, extent.count) * ENTRY_WORDS)
    for (let first = 0; first < extent.count; first += SCAN_ENTRIES) {
      const count = Math.min(SCAN_ENTRIES, extent.count - first)
      const bytes = new Uint8Array(piece.buffer, 0, count * ENTRY_BYTES)
      if (this.#source.readInto(extent.fileOffset + first * ENTRY_BYTES, bytes) < bytes.length) return
      visit(piece.subarray(0, count * ENTRY_WORDS), first)
    }
  }

  #sortFunctions(extent: Extent): Float64Array {
    const factor = indexFactor(extent)
    const addressLimit = 2 ** 53 / factor - 2
    const keys = new Float64Array(extent.count)
    let count = 0
    this.#pieces(extent, (words, first) => {
      for (let index = 0; index * ENTRY_WORDS < words.length; index++) {
        if (!isCode(words[index * ENTRY_WORDS + 1] ?? 0)) continue
        const value = valueOf(words, index)
        if (value > 0 && value < addressLimit) keys[count++] = value * factor + first + index
      }
    })
    return keys.subarray(0, count).sort()
  }

  #tableOf(which: 'symtab' | 'dynsym'): Table | null {
    if (which === 'symtab') return (this.#symtab ??= this.#load(SHT_SYMTAB))
    return (this.#dynsym ??= this.#load(SHT_DYNSYM))
  }

  #extentOf(type: number): Extent | null {
    const section = this.#sections.find((candidate) => candidate.type === type)
    const names = section && this.#sections[section.link]
    if (!section || !names) return null
    const fits = (part: ElfSection): boolean => part.fileOffset + part.sizeBytes <= this.#source.size
    if (!fits(section) || !fits(names)) return null
    if (section.sizeBytes > MAX_TABLE_BYTES || names.sizeBytes > MAX_NAMES_BYTES) return null
    const count = Math.floor(section.sizeBytes / ENTRY_BYTES)
    if (count === 0) return null
    return { fileOffset: section.fileOffset, count, namesOffset: names.fileOffset, namesBytes: names.sizeBytes }
  }

  #load(type: number): Table | null {
    const extent = this.#extentOf(type)
    if (!extent) return null
    const bytes = this.#source.read(extent.fileOffset, extent.count * ENTRY_BYTES)
    return bytes.length < extent.count * ENTRY_BYTES ? null : { ...extent, words: wordsOf(bytes) }
  }

  #search(table: Table, match: Matcher, limit = Number.POSITIVE_INFINITY): ElfSymbol[] {
    const hits: { index: number; file: number; name: string }[] = []
    const { words, count } = table
    for (let from = 0; from < table.namesBytes && hits.length < limit; from += WINDOW_BYTES) {
      const length = Math.min(WINDOW_BYTES + MAX_NAME_BYTES, table.namesBytes - from)
      const bytes = this.#source.read(table.namesOffset + from, length)
      const window = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
      const until = Math.min(WINDOW_BYTES, window.length)
      let file = -1
      for (let index = 0, word = 0; index < count; index++, word += ENTRY_WORDS) {
        const info = words[word + 1] ?? 0
        if ((info & 15) === STT_FILE) file = index
        const at = (words[word] ?? 0) - from
        // The section index in the upper half is 0 for symbols that are only referred to.
        if (!(at >= 0 && at < until) || info >>> 16 === 0) continue
        const name = match(window, at)
        if (name === null) continue
        const isLocal = ((info >>> 4) & 15) === 0
        hits.push({ index, file: isLocal ? file : -1, name })
        if (hits.length >= limit) break
      }
    }
    hits.sort((a, b) => a.index - b.index)
    return hits.map(({ index, file, name }) => ({
      name,
      value: valueOf(words, index),
      sizeBytes: sizeOf(words, index),
      kind: kindOf(words[index * ENTRY_WORDS + 1] ?? 0),
      file: file >= 0 ? this.#nameOf(table, words[file * ENTRY_WORDS] ?? 0) : null,
    }))
  }

  #nameOf(table: Extent, at: number): string {
    const known = this.#names.get(at)
    if (known !== undefined) return known
    const bytes = at < table.namesBytes ? this.#source.read(table.namesOffset + at, 512) : new Uint8Array(0)
    let text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    let end = text.indexOf(0)
    if (end < 0) {
      const more = this.#source.read(table.namesOffset + at, MAX_NAME_BYTES)
      text = Buffer.from(more.buffer, more.byteOffset, more.length)
      end = text.indexOf(0)
    }
    const name = text.toString('latin1', 0, end < 0 ? text.length : end)
    if (this.#names.size >= MAX_CACHED_NAMES) this.#names.clear()
    this.#names.set(at, name)
    return name
  }
}

/** Address and index share one double, so that the native numeric sort can be used. */
function indexFactor(table: Extent): number {
  return 2 ** Math.ceil(Math.log2(table.count + 1))
}
