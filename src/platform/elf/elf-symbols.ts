/**
 * Symbols of an ELF file, by name, by prefix and by address.
 *
 * Node's binaries carry up to 170,000 symbols with 19 MB of names. Entries are kept (4 MB), names never are: a search
 * goes over the names in windows of 2 MB and compares bytes, so that it costs tens of milliseconds and little memory
 * also inside a worker, whose memory limit it shares.
 */
import type { ByteSource } from './byte-source.js'

const SHT_SYMTAB = 2
const SHT_DYNSYM = 11
const ENTRY_BYTES = 24
const ENTRY_WORDS = 6
const STT_FUNC = 2
const STT_NOTYPE = 0
const STT_FILE = 4
const STT_GNU_IFUNC = 10
/** Some 1.4 million symbols: five times what a debug build of Node has. */
const MAX_TABLE_BYTES = 32 << 20
const MAX_NAMES_BYTES = 256 << 20
const WINDOW_BYTES = 2 << 20
/** Longer names are cut. Mangled template names reach some thousand bytes. */
const MAX_NAME_BYTES = 4096
const MAX_CACHED_NAMES = 8192
/** Symbols without a size (hand-written assembly) are believed this far. */
const UNSIZED_REACH_BYTES = 1 << 16
/** Aliases and nested labels: how many entries below an address are looked at for one that covers it. */
const NEAREST_TRIES = 16

export interface ElfSection {
  readonly type: number
  readonly address: number
  readonly fileOffset: number
  readonly sizeBytes: number
  readonly link: number
}

export type ElfSymbolKind = 'function' | 'object' | 'tls' | 'other'

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

export interface NearestSymbol {
  readonly name: string
  /** Start of the function. */
  readonly value: number
  readonly sizeBytes: number
  /** Bytes past the start. */
  readonly offset: number
}

interface Table {
  readonly words: Uint32Array
  readonly count: number
  readonly namesOffset: number
  readonly namesBytes: number
}

export class ElfSymbols {
  /** No .symtab: only what the dynamic linker needs is left. */
  readonly stripped: boolean
  readonly #source: ByteSource
  readonly #sections: readonly ElfSection[]
  #symtab: Table | null | undefined
  #dynsym: Table | null | undefined
  #sorted: Float64Array | undefined
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
    const table = this.#tableOf('symtab') ?? this.#tableOf('dynsym')
    if (!table) return null
    const sorted = (this.#sorted ??= sortFunctions(table))
    const factor = indexFactor(table)
    const key = (address + 1) * factor
    let low = 0
    let high = sorted.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      if ((sorted[middle] ?? 0) < key) low = middle + 1
      else high = middle - 1
    }
    for (let tries = 0; high >= 0 && tries < NEAREST_TRIES; high--, tries++) {
      const index = (sorted[high] ?? 0) % factor
      const value = valueOf(table, index)
      const sizeBytes = sizeOf(table, index)
      const offset = address - value
      const covers = sizeBytes > 0 ? offset < sizeBytes : tries === 0 && offset < UNSIZED_REACH_BYTES
      if (covers) return { name: this.#nameOf(table, index), value, sizeBytes, offset }
    }
    return null
  }

  #tableOf(which: 'symtab' | 'dynsym'): Table | null {
    if (which === 'symtab') return (this.#symtab ??= this.#load(SHT_SYMTAB))
    return (this.#dynsym ??= this.#load(SHT_DYNSYM))
  }

  #load(type: number): Table | null {
    const section = this.#sections.find((candidate) => candidate.type === type)
    const names = section && this.#sections[section.link]
    if (!section || !names) return null
    const fits = (part: ElfSection): boolean => part.fileOffset + part.sizeBytes <= this.#source.size
    if (!fits(section) || !fits(names)) return null
    if (section.sizeBytes > MAX_TABLE_BYTES || names.sizeBytes > MAX_NAMES_BYTES) return null
    const count = Math.floor(section.sizeBytes / ENTRY_BYTES)
    const bytes = this.#source.read(section.fileOffset, count * ENTRY_BYTES)
    if (count === 0 || bytes.length < count * ENTRY_BYTES) return null
    const words = new Uint32Array(bytes.buffer, 0, count * ENTRY_WORDS)
    return { words, count, namesOffset: names.fileOffset, namesBytes: names.sizeBytes }
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
      value: valueOf(table, index),
      sizeBytes: sizeOf(table, index),
      kind: kindOf(words[index * ENTRY_WORDS + 1] ?? 0),
      file: file >= 0 ? this.#nameOf(table, file) : null,
    }))
  }

  #nameOf(table: Table, index: number): string {
    const at = table.words[index * ENTRY_WORDS] ?? 0
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

/** The name at `at` when it is wanted, else null. */
type Matcher = (window: Buffer, at: number) => string | null

function anyOf(matchers: readonly Matcher[]): Matcher {
  return (window, at) => {
    for (const match of matchers) {
      const name = match(window, at)
      if (name !== null) return name
    }
    return null
  }
}

function exactly(names: ReadonlySet<string>): Matcher {
  const wanted = [...names].map((name) => ({ name, bytes: Buffer.from(name, 'latin1') }))
  return (window, at) => {
    for (const { name, bytes } of wanted) {
      // Cheapest first: the terminator, then the last byte (mangled names differ at their end), then all.
      const end = at + bytes.length
      if (window[end] !== 0 || window[end - 1] !== bytes[bytes.length - 1]) continue
      if (window.compare(bytes, 0, bytes.length, at, end) === 0) return name
    }
    return null
  }
}

function startingWith(prefix: string): Matcher {
  const bytes = Buffer.from(prefix, 'latin1')
  return (window, at) => {
    for (let index = 0; index < bytes.length; index++) if (window[at + index] !== bytes[index]) return null
    const end = window.indexOf(0, at)
    const stop = Math.min(end < 0 ? window.length : end, at + MAX_NAME_BYTES)
    return window.toString('latin1', at, stop)
  }
}

function valueOf(table: Table, index: number): number {
  const word = index * ENTRY_WORDS
  return (table.words[word + 3] ?? 0) * 0x1_0000_0000 + (table.words[word + 2] ?? 0)
}

function sizeOf(table: Table, index: number): number {
  const word = index * ENTRY_WORDS
  return (table.words[word + 5] ?? 0) * 0x1_0000_0000 + (table.words[word + 4] ?? 0)
}

function kindOf(info: number): ElfSymbolKind {
  const type = info & 15
  if (type === STT_FUNC || type === STT_GNU_IFUNC) return 'function'
  return type === 1 ? 'object' : type === 6 ? 'tls' : 'other'
}

/** Address and index share one double, so that the native numeric sort can be used. */
function indexFactor(table: Table): number {
  return 2 ** Math.ceil(Math.log2(table.count + 1))
}

function sortFunctions(table: Table): Float64Array {
  const factor = indexFactor(table)
  const addressLimit = 2 ** 53 / factor - 2
  const keys = new Float64Array(table.count)
  let count = 0
  for (let index = 0; index < table.count; index++) {
    const info = table.words[index * ENTRY_WORDS + 1] ?? 0
    const type = info & 15
    if (info >>> 16 === 0 || (type !== STT_FUNC && type !== STT_NOTYPE && type !== STT_GNU_IFUNC)) continue
    const value = valueOf(table, index)
    if (value > 0 && value < addressLimit) keys[count++] = value * factor + index
  }
  return keys.slice(0, count).sort()
}
