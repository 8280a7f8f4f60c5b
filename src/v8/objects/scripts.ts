/**
 * Script (src/objects/script.tq): what a source is called and where in it a position lies.
 *
 * Lines come from `line_ends` when V8 has computed it (searched in place, so that a long script costs a few reads),
 * else from the source text, scanned only as far as a position asks for.
 */
import type { Tagged, V8Heap } from '../heap/heap.js'
import { readString, stringLength } from '../heap/strings.js'
import { inMemoryMap, MAX_INLINE_MAP, type InMemoryMap } from './in-memory-map.js'

export interface LineColumn {
  /** From 1. */
  readonly line: number
  readonly column: number
}

const LF = 10
const CR = 13
const LINE_SEPARATOR = 0x2028
const PARAGRAPH_SEPARATOR = 0x2029
const CHUNK_CHARS = 65_536
const MAX_NAME = 4096
/** Longest source that is scanned for lines, in characters. */
const MAX_SOURCE = 64 << 20

export class Script {
  readonly address: Tagged
  /** As the script is called: a path, a `file:` URL, `node:...`, `[eval]`, a `sourceURL`, `eval at ...`; null without any. */
  name: string | null
  /** From a `//# sourceMappingURL=` comment. */
  readonly sourceMappingUrl: string | null
  readonly lineOffset: number
  readonly columnOffset: number
  readonly #heap: V8Heap
  readonly #source: Tagged
  readonly #lineEnds: Tagged
  /** Line ends found so far in the source text, and how far it was scanned. */
  readonly #scanned: number[] = []
  #scannedTo = 0
  #inMemory: InMemoryMap | null | undefined

  constructor(heap: V8Heap, address: Tagged) {
    const { script } = heap.layout
    this.#heap = heap
    this.address = address
    const name = heap.string(heap.field(address, script.name), MAX_NAME)
    this.name = name || heap.string(heap.field(address, script.sourceUrl), MAX_NAME) || null
    this.sourceMappingUrl = heap.string(heap.field(address, script.sourceMappingUrl), MAX_NAME) || null
    this.lineOffset = heap.smi(address, script.lineOffset) ?? 0
    this.columnOffset = heap.smi(address, script.columnOffset) ?? 0
    this.#source = heap.field(address, script.source)
    this.#lineEnds = heap.field(address, script.lineEnds)
  }

  /** Characters of the source; null when it is not at hand (a snapshot's, or unreadable). */
  source(start: number, length: number): string | null {
    return readString(this.#heap, this.#source, length, start)
  }

  get sourceLength(): number | null {
    return stringLength(this.#heap, this.#source)
  }

  /**
   * Line and column of an offset in the source; null when neither line ends nor source can be read. Of a text that a
   * loader made in memory it is the place in the file on the disk.
   */
  lineColumn(position: number): LineColumn | null {
    const place = this.#lineColumn(position)
    const original = place === null ? null : this.#inMemoryMap()?.(place.line, place.column)
    return original ?? place
  }

  #inMemoryMap(): InMemoryMap | null {
    if (this.#inMemory === undefined) {
      const { script } = this.#heap.layout
      const isInline = this.sourceMappingUrl?.startsWith('data:application/json') === true
      const url = isInline
        ? this.#heap.string(this.#heap.field(this.address, script.sourceMappingUrl), MAX_INLINE_MAP)
        : null
      this.#inMemory = url === null || this.name === null ? null : inMemoryMap(url, this.name)
    }
    return this.#inMemory
  }

  #lineColumn(position: number): LineColumn | null {
    if (!(position >= 0)) return null
    const heap = this.#heap
    const lines = heap.is(this.#lineEnds, 'FIXED_ARRAY') ? heap.arrayLength(this.#lineEnds) : 0
    if (lines > 0) {
      const endAt = (index: number): number | null => heap.smiOf(heap.element(this.#lineEnds, index))
      return this.#place(position, lines, endAt)
    }
    if (!this.#scanTo(position)) return null
    return this.#place(position, this.#scanned.length + 1, (index) => this.#scanned[index] ?? Number.MAX_SAFE_INTEGER)
  }

  #place(position: number, lines: number, endAt: (index: number) => number | null): LineColumn | null {
    let low = 0
    let high = lines - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      const end = endAt(middle)
      if (end === null) return null
      if (end < position) low = middle + 1
      else high = middle
    }
    const previousEnd = low > 0 ? endAt(low - 1) : -1
    if (previousEnd === null || previousEnd >= position) return null
    // As Script::GetPositionInfo: the column offset counts on the first line only.
    const column = position - previousEnd - 1 + (low === 0 ? this.columnOffset : 0)
    return { line: low + this.lineOffset + 1, column: column + 1 }
  }

  /** Finds all line ends up to and including `position`; false when the text can't be read that far. */
  #scanTo(position: number): boolean {
    if (position < this.#scannedTo) return true
    const length = this.sourceLength
    if (length === null || position > length || position > MAX_SOURCE) return false
    while (this.#scannedTo <= position && this.#scannedTo < length) {
      const start = this.#scannedTo
      // One character more, to see whether a CR is followed by LF.
      const text = this.source(start, CHUNK_CHARS + 1)
      if (text === null || text === '') return false
      const count = Math.min(CHUNK_CHARS, text.length)
      pushLineEnds(text, count, start, this.#scanned)
      this.#scannedTo = start + count
    }
    return true
  }
}

const UNUSUAL_END = /[\r\u2028\u2029]/

/** Line ends among the first `count` characters of `text`, which starts at `base`. */
function pushLineEnds(text: string, count: number, base: number, ends: number[]): void {
  if (!UNUSUAL_END.test(text)) {
    for (let at = text.indexOf('\n'); at >= 0 && at < count; at = text.indexOf('\n', at + 1)) ends.push(base + at)
    return
  }
  for (let index = 0; index < count; index++) {
    const unit = text.charCodeAt(index)
    const isEnd =
      unit === LF ||
      unit === LINE_SEPARATOR ||
      unit === PARAGRAPH_SEPARATOR ||
      (unit === CR && text.charCodeAt(index + 1) !== LF)
    if (isEnd) ends.push(base + index)
  }
}

/** A `file:` URL as the path it names; any other name as it is. */
export function scriptPath(name: string | null): string | null {
  if (!name?.startsWith('file://')) return name
  const path = name.slice('file://'.length).replace(/[?#].*$/, '')
  try {
    return decodeURIComponent(path)
  } catch {
    // Not a well-formed URL: the name as the process knows it says more than nothing.
    return name
  }
}
