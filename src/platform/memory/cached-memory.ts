/**
 * The part of a MemoryReader that is the same for every source of bytes: a block cache with a fixed bound, words out
 * of it, and texts of bounded length. Subclasses say how bytes are had.
 *
 * Blocks are pages: a live page is readable as a whole or not at all. When the cache is full it starts anew, so its
 * memory never exceeds `cacheBytes`, which counts in the pod when the reader runs inside the worker.
 */
import { ADDRESS_LIMIT } from '../../model/address.js'
import type { Address } from '../../model/address.js'
import { findMapping, type Stretch } from './mappings.js'
import type { MemoryReader } from './memory-reader.js'
import type { Mapping } from '../procfs/maps.js'

export const PAGE = 4096
const SLAB_PAGES = 128
const HIGH = 2 ** 32
/** Reads longer than this bypass the cache. */
const LONG = 4 * PAGE
/** No text is longer than this, in bytes: a wild length must not exhaust memory. */
const TEXT_LIMIT = 64 << 20
const TEXT_STEP = 1 << 18

const MISSING = -1
/** Pages that are read at once where more of them are expected: one system call costs as much as copying a dozen. */
const AHEAD = 16
/** Pages that are found without asking a Map, each in the place that its number gives it. A power of two. */
const FRONT = 1 << 11

/** Where an address lies in its page. Of a number beyond 32 bits `%` is a call of fmod, and this is asked for each word. */
function offsetIn(address: number): number {
  return (address >>> 0) & (PAGE - 1)
}

export abstract class CachedMemory implements MemoryReader {
  faults = 0
  bytesRead = 0
  readonly #slabs: { bytes: Buffer; words: Uint32Array }[] = []
  readonly #slots = new Map<number, number>()
  readonly #frontPages = new Float64Array(FRONT).fill(-1)
  readonly #frontSlots = new Int32Array(FRONT)
  readonly #maxSlots: number
  #used = 0
  #lastPage = -1
  #lastSlot = MISSING
  #mappings: readonly Mapping[] | null = null
  #expected: readonly Stretch[] = []

  protected constructor(cacheBytes: number) {
    this.#maxSlots = Math.max(SLAB_PAGES, Math.floor(cacheBytes / PAGE))
  }

  /** Fills `into` from `address` on, with zeros for what can't be had; returns how many bytes could. */
  protected abstract fill(address: number, into: Uint8Array): number
  protected abstract loadMappings(): readonly Mapping[]
  abstract present(
    start: Address,
    end: Address,
    step?: number,
  ): readonly { readonly start: Address; readonly end: Address }[]
  abstract dispose(): void

  read(address: Address, into: Uint8Array, length = into.length): boolean {
    const target = length === into.length ? into : into.subarray(0, length)
    if (!(address >= 0) || address + length > ADDRESS_LIMIT) {
      target.fill(0)
      this.faults++
      return false
    }
    if (length > LONG || this.keepsPartial) return this.#direct(address, target)
    let whole = true
    for (let done = 0; done < length;) {
      const offset = offsetIn(address + done)
      const size = Math.min(length - done, PAGE - offset)
      const slot = this.#slot((address + done - offset) / PAGE)
      if (slot === MISSING) {
        target.fill(0, done, done + size)
        whole = false
      } else {
        const slab = this.#slab(slot)
        const from = (slot % SLAB_PAGES) * PAGE + offset
        target.set(slab.bytes.subarray(from, from + size), done)
      }
      done += size
    }
    return whole
  }

  peek(address: Address, into: Uint8Array): boolean {
    if (address >= 65_536 && address + into.length <= ADDRESS_LIMIT) return this.#direct(address, into)
    into.fill(0)
    this.faults++
    return false
  }

  word(address: Address): number {
    const offset = offsetIn(address)
    if ((offset & 3) === 0 && offset <= PAGE - 8) {
      const slot = this.#slot((address - offset) / PAGE)
      if (slot === MISSING) return 0
      const words = this.#slab(slot).words
      const index = ((slot % SLAB_PAGES) * PAGE + offset) >>> 2
      return (words[index] ?? 0) + (words[index + 1] ?? 0) * HIGH
    }
    return this.u32(address) + this.u32((address + 4) as Address) * HIGH
  }

  u32(address: Address): number {
    const offset = offsetIn(address)
    if (offset > PAGE - 4) return this.u16(address) + this.u16((address + 2) as Address) * 65536
    const slot = this.#slot((address - offset) / PAGE)
    return slot === MISSING ? 0 : this.#slab(slot).bytes.readUInt32LE((slot % SLAB_PAGES) * PAGE + offset)
  }

  i32(address: Address): number {
    return this.u32(address) | 0
  }

  u16(address: Address): number {
    const offset = offsetIn(address)
    if (offset <= PAGE - 2) {
      const slot = this.#slot((address - offset) / PAGE)
      return slot === MISSING ? 0 : this.#slab(slot).bytes.readUInt16LE((slot % SLAB_PAGES) * PAGE + offset)
    }
    return this.u8(address) + this.u8((address + 1) as Address) * 256
  }

  u8(address: Address): number {
    const offset = offsetIn(address)
    const slot = this.#slot((address - offset) / PAGE)
    return slot === MISSING ? 0 : (this.#slab(slot).bytes[(slot % SLAB_PAGES) * PAGE + offset] ?? 0)
  }

  f64(address: Address): number {
    const bytes = Buffer.alloc(8)
    this.read(address, bytes)
    return bytes.readDoubleLE(0)
  }

  latin1(address: Address, length: number): string {
    return this.#text(address, length).toString('latin1')
  }

  utf16(address: Address, units: number): string {
    return this.#text(address, units * 2).toString('utf16le')
  }

  mappings(): readonly Mapping[] {
    this.#mappings ??= this.loadMappings()
    return this.#mappings
  }

  mappingOf(address: Address): Mapping | undefined {
    return findMapping(this.mappings(), address)
  }

  expect(ranges: readonly { readonly start: Address; readonly end: Address }[]): void {
    this.#expected = ranges
  }

  flush(): void {
    this.#forget()
    this.#mappings = null
  }

  forget(): void {
    this.#forget()
  }

  #forget(): void {
    this.#slots.clear()
    this.#frontPages.fill(-1)
    this.#used = 0
    this.#lastPage = -1
    this.#lastSlot = MISSING
  }

  #direct(address: number, target: Uint8Array): boolean {
    const whole = this.fill(address, target) === target.length
    this.bytesRead += target.length
    if (!whole) this.faults++
    return whole
  }

  #text(address: Address, length: number): Buffer {
    if (!(length > 0)) return Buffer.alloc(0)
    const chunks: Buffer[] = []
    // In steps, so that a wild length ends at the first page that is not there.
    for (let done = 0; done < Math.min(length, TEXT_LIMIT); done += TEXT_STEP) {
      const chunk = Buffer.allocUnsafe(Math.min(TEXT_STEP, length - done, TEXT_LIMIT - done))
      if (!this.read((address + done) as Address, chunk)) return Buffer.alloc(0)
      chunks.push(chunk)
    }
    const [first] = chunks
    return chunks.length === 1 && first ? first : Buffer.concat(chunks)
  }

  #slab(slot: number): { bytes: Buffer; words: Uint32Array } {
    const index = Math.floor(slot / SLAB_PAGES)
    let slab = this.#slabs[index]
    if (!slab) {
      const memory = new ArrayBuffer(SLAB_PAGES * PAGE)
      slab = { bytes: Buffer.from(memory), words: new Uint32Array(memory) }
      this.#slabs[index] = slab
    }
    return slab
  }

  /** The slot that holds the page, reading it when needed. Absent pages are remembered too. */
  #slot(page: number): number {
    if (page === this.#lastPage) return this.#lastSlot
    const place = page & (FRONT - 1)
    let slot: number | undefined
    if (this.#frontPages[place] === page) slot = this.#frontSlots[place] ?? MISSING
    else {
      slot = this.#slots.get(page)
      if (slot === undefined) {
        if (this.#slots.size >= this.#maxSlots) this.#forget()
        slot = this.#load(page)
        this.#slots.set(page, slot)
      }
      this.#frontPages[place] = page
      this.#frontSlots[place] = slot
    }
    this.#lastPage = page
    this.#lastSlot = slot
    return slot
  }

  #load(page: number): number {
    // The first 64 KiB are never mapped: small numbers mistaken for addresses cost no system call.
    if (!(page >= 16) || page * PAGE >= ADDRESS_LIMIT) {
      this.faults++
      return MISSING
    }
    const slot = this.#used
    const place = slot % SLAB_PAGES
    const { first, count } = this.#together(page, SLAB_PAGES - place)
    const from = place * PAGE
    const bytes = this.#slab(slot).bytes.subarray(from, from + count * PAGE)
    this.bytesRead += count * PAGE
    const got = this.fill(first * PAGE, bytes)
    if (count > 1) {
      if (got < count * PAGE) {
        // Something of them is gone: the page that was asked for is read by itself.
        this.#expected = []
        return this.#load(page)
      }
      for (let index = 0; index < count; index++) this.#slots.set(first + index, slot + index)
    } else if (got < PAGE && (got === 0 || !this.keepsPartial)) {
      this.faults++
      return MISSING
    }
    this.#used += count
    return slot + (page - first)
  }

  /** The page with its neighbours that are not there yet and are expected to be asked for, at most `room`. */
  #together(page: number, room: number): { readonly first: number; readonly count: number } {
    const range = this.#expected.length === 0 ? undefined : findMapping(this.#expected, page * PAGE)
    if (range === undefined) return { first: page, count: 1 }
    const free = Math.min(room, this.#maxSlots - this.#slots.size)
    const group = page - (page & (AHEAD - 1))
    const lowest = Math.max(group, Math.ceil(range.start / PAGE))
    const end = Math.min(group + AHEAD, Math.floor(range.end / PAGE))
    let first = page
    let last = page
    while (last + 1 < end && last - first + 1 < free && !this.#slots.has(last + 1)) last++
    while (first > lowest && last - first + 1 < free && !this.#slots.has(first - 1)) first--
    return { first, count: last - first + 1 }
  }

  /** Whether a page of which only some bytes are known is worth keeping (recorded memory). */
  protected get keepsPartial(): boolean {
    return false
  }
}
