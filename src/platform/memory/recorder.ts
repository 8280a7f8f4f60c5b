/** Wraps a reader and keeps every stretch that was read through it, so that a look can be replayed anywhere. */
import type { Address } from '../../model/address.js'
import { ADDRESS_LIMIT, toAddress } from '../../model/address.js'
import type { MemoryReader } from './memory-reader.js'
import type { Mapping } from '../procfs/maps.js'
import type { MemoryRecording, MemoryRun } from './recorded-memory.js'

/** Stretches are kept in lines of this many bytes: small enough to leave out what was not looked at. */
const LINE = 32

export class MemoryRecorder implements MemoryReader {
  readonly #inner: MemoryReader
  readonly #lines = new Map<number, Uint8Array>()

  constructor(inner: MemoryReader) {
    this.#inner = inner
  }

  #keep(address: number, length: number): void {
    // Beyond this a wild word is no address, and adding 1 to a line may change nothing.
    if (!(address >= 0 && address + length <= ADDRESS_LIMIT && length > 0)) return
    const last = Math.floor((address + length - 1) / LINE)
    for (let line = Math.floor(address / LINE); line <= last; line++) {
      if (this.#lines.has(line)) continue
      const bytes = new Uint8Array(LINE)
      if (this.#inner.read(toAddress(line * LINE), bytes)) this.#lines.set(line, bytes)
    }
  }

  /** What was read so far, as runs. */
  recording(about: Readonly<Record<string, unknown>>): MemoryRecording {
    const runs: MemoryRun[] = []
    let open: { start: number; parts: Uint8Array[] } | null = null
    const close = () => {
      if (open) runs.push({ start: open.start, bytes: Buffer.concat(open.parts) })
      open = null
    }
    let previous = -2
    for (const line of [...this.#lines.keys()].sort((a, b) => a - b)) {
      if (line !== previous + 1) close()
      open ??= { start: line * LINE, parts: [] }
      open.parts.push(this.#lines.get(line) ?? new Uint8Array(LINE))
      previous = line
    }
    close()
    return { about, mappings: this.#inner.mappings(), runs }
  }

  read(address: Address, into: Uint8Array, length = into.length): boolean {
    const whole = this.#inner.read(address, into, length)
    this.#keep(address, length)
    return whole
  }
  peek(address: Address, into: Uint8Array): boolean {
    const whole = this.#inner.peek(address, into)
    this.#keep(address, into.length)
    return whole
  }
  word(address: Address): number {
    this.#keep(address, 8)
    return this.#inner.word(address)
  }
  u32(address: Address): number {
    this.#keep(address, 4)
    return this.#inner.u32(address)
  }
  i32(address: Address): number {
    this.#keep(address, 4)
    return this.#inner.i32(address)
  }
  u16(address: Address): number {
    this.#keep(address, 2)
    return this.#inner.u16(address)
  }
  u8(address: Address): number {
    this.#keep(address, 1)
    return this.#inner.u8(address)
  }
  f64(address: Address): number {
    this.#keep(address, 8)
    return this.#inner.f64(address)
  }
  latin1(address: Address, length: number): string {
    this.#keep(address, Math.min(length, 1 << 20))
    return this.#inner.latin1(address, length)
  }
  utf16(address: Address, units: number): string {
    this.#keep(address, Math.min(units * 2, 1 << 20))
    return this.#inner.utf16(address, units)
  }
  mappings(): readonly Mapping[] {
    return this.#inner.mappings()
  }
  mappingOf(address: Address): Mapping | undefined {
    return this.#inner.mappingOf(address)
  }
  present(start: Address, end: Address, step?: number): readonly { readonly start: Address; readonly end: Address }[] {
    return this.#inner.present(start, end, step)
  }
  expect(ranges: readonly { readonly start: Address; readonly end: Address }[]): void {
    this.#inner.expect(ranges)
  }
  get faults(): number {
    return this.#inner.faults
  }
  get bytesRead(): number {
    return this.#inner.bytesRead
  }
  forget(): void {
    this.#inner.forget()
  }
  flush(): void {
    this.#inner.flush()
  }
  dispose(): void {
    this.#inner.dispose()
  }
}
