/**
 * Memory of a process as values: live (`/proc/PID/mem`, `/proc/self/mem`), a copied stretch, or recorded.
 *
 * Nothing that is read is trusted. An unreadable word reads as 0, which is no heap pointer, no frame and no map, so
 * every check above fails by itself; `faults` tells afterwards that something was missing. Reads are cached until
 * `flush()`: a look that must see change flushes first.
 */
import type { Address } from '../../model/address.js'
import type { Mapping } from '../procfs/maps.js'

export interface MemoryReader {
  /** Copies `length` bytes; false, with `into` zeroed, when any byte of them can't be read. Bypasses the cache for long reads. */
  read(address: Address, into: Uint8Array, length?: number): boolean
  /** As `read`, never from the cache: for what must be seen as it is now, and for probes that are not worth a page. */
  peek(address: Address, into: Uint8Array): boolean
  /** 64-bit word as a number: exact below 2^53; 0 when unreadable. */
  word(address: Address): number
  /** A word as two halves, for Smis and hashes. */
  u32(address: Address): number
  i32(address: Address): number
  u16(address: Address): number
  u8(address: Address): number
  f64(address: Address): number
  /** Latin-1 or UTF-16 text of bounded length. */
  latin1(address: Address, length: number): string
  utf16(address: Address, units: number): string
  /** Mappings in ascending order, read once per flush. */
  mappings(): readonly Mapping[]
  mappingOf(address: Address): Mapping | undefined
  /**
   * The parts of [start, end) whose pages exist, so that sparse ranges are not touched (which would grow the target's
   * page tables). With a `step` (a multiple of the page size) only pages at multiples of it are asked about, and each
   * that exists is a part of its own.
   */
  present(start: Address, end: Address, step?: number): readonly { readonly start: Address; readonly end: Address }[]
  /**
   * Stretches in which more will be read soon, here and there: their pages are read several at a time from now on. In place
   * of those named before; page-aligned, ascending. A promise about speed only.
   */
  expect(ranges: readonly { readonly start: Address; readonly end: Address }[]): void
  /** Failed reads since the reader was made. */
  readonly faults: number
  /** Bytes copied from the target so far. */
  readonly bytesRead: number
  /** Forget the bytes that were cached, but not the mappings: for one look after the other. */
  forget(): void
  /** Forget what was cached, mappings too. */
  flush(): void
  dispose(): void
}
