/** A process's memory made by hand: one writable stretch, the rest unmapped. */
import { toAddress, type Address } from '../../../src/model/address.js'
import type { BinaryFacts } from '../../../src/native/process/binary-facts.js'
import type { NativeProcess } from '../../../src/native/process/native-process.js'
import type { ElfFile } from '../../../src/platform/elf/elf-file.js'
import { CachedMemory } from '../../../src/platform/memory/cached-memory.js'
import type { Mapping } from '../../../src/platform/procfs/maps.js'

export const BASE = 0x5000_0000

export class FlatMemory extends CachedMemory {
  readonly bytes: Buffer

  constructor(sizeBytes: number) {
    super(1 << 20)
    this.bytes = Buffer.alloc(sizeBytes)
  }

  /** Writes a 64-bit word at an address. */
  put(address: number, word: number): void {
    this.bytes.writeBigUInt64LE(BigInt(Math.round(word)), address - BASE)
  }

  put32(address: number, word: number): void {
    this.bytes.writeUInt32LE(word >>> 0, address - BASE)
  }

  protected override fill(address: number, into: Uint8Array): number {
    const from = address - BASE
    const length = from < 0 ? 0 : Math.max(0, Math.min(into.length, this.bytes.length - from))
    into.fill(0)
    into.set(this.bytes.subarray(from, from + length))
    return length
  }

  protected override loadMappings(): readonly Mapping[] {
    const rest = {
      readable: true,
      writable: true,
      executable: false,
      shared: false,
      offset: 0,
      device: '00:00',
      inode: 0,
      path: '',
    }
    return [{ start: toAddress(BASE), end: toAddress(BASE + this.bytes.length), ...rest }]
  }

  override peek(address: Address, into: Uint8Array): boolean {
    return this.fill(address, into) === into.length
  }

  override present(start: Address, end: Address): readonly { start: Address; end: Address }[] {
    return [{ start, end }]
  }

  override dispose(): void {}
}

export function nativeOver(memory: FlatMemory, facts: Partial<BinaryFacts>, nowMs = 10_000): NativeProcess {
  const whole: BinaryFacts = {
    buildId: null,
    hasV8: true,
    pool: null,
    workFunctions: {},
    defaultLoop: null,
    isolateTlsOffset: null,
    v8Version: null,
    threadStarts: [],
    classes: new Map(),
    ...facts,
  }
  return {
    root: '/proc/0',
    mainTid: 1,
    memory,
    elf: { machine: 'x64', tls: null } as unknown as ElfFile,
    facts: whole,
    isLibrary: false,
    path: '/node',
    bias: 0,
    threads: () => ({ byTid: new Map(), byAddress: new Map(), tidOffset: 720, note: null }),
    refresh: () => memory.flush(),
    nowMs: () => nowMs,
    at: (address) => toAddress(address),
    classAt: (address) => whole.classes.get(memory.word(address)) ?? null,
    dispose() {},
  }
}
