import { describe, expect, it } from 'vitest'
import { StallError } from '../../../../src/model/stall-error.js'
import { elfOfBytes, openElf, type ElfFile } from '../../../../src/platform/elf/elf-file.js'
import { DATA_ADDRESS, tinyElf } from './tiny-elf.js'

const PROGRAM = {
  buildId: '00112233445566778899aabbccddeeff00112233',
  data: Buffer.from([1, 2, 3, 4, 0xff, 0xff, 0xff, 0xff]),
  tls: { memoryBytes: 0x2a1, align: 16 },
  symbols: [
    { name: 'fs.c', value: 0, type: 4, local: true },
    { name: 'wq', value: DATA_ADDRESS, size: 8, type: 1, local: true },
    { name: 'threadpool.c', value: 0, type: 4, local: true },
    { name: 'wq', value: DATA_ADDRESS + 8, size: 16, type: 1, local: true },
    { name: 'alpha', value: 0x401000, size: 0x40, type: 2 },
    { name: 'alpha_alias_inside', value: 0x401010, size: 0x10, type: 2 },
    { name: 'Builtins_Unsized', value: 0x402000, type: 0 },
    { name: 'v8dbg_one', value: DATA_ADDRESS, size: 4, type: 1 },
    { name: 'v8dbg_two', value: DATA_ADDRESS + 4, size: 4, type: 1 },
    { name: 'v8dbg_missing', value: 0, type: 1, undefined: true },
  ],
  dynamicSymbols: [
    { name: 'alpha', value: 0x999000, size: 1, type: 2 },
    { name: 'only_dynamic', value: 0x403000, size: 8, type: 2 },
  ],
}

describe('an ELF file', () => {
  it('gives build id, machine, segments and the size of its thread-local block', () => {
    const elf = elfOfBytes(tinyElf(PROGRAM))
    expect(elf.buildId).toBe(PROGRAM.buildId)
    expect(elf.machine).toBe('x64')
    expect(elf.positionIndependent).toBe(false)
    expect(elf.segments.map((segment) => segment.address)).toEqual([0x400000, DATA_ADDRESS])
    expect(elf.tls?.bytesBelowThreadPointer).toBe(0x2b0)
    expect(elfOfBytes(tinyElf({ ...PROGRAM, pie: true })).positionIndependent).toBe(true)
  })

  it('reads data at a virtual address, zeros in .bss, and nothing outside', () => {
    const elf = elfOfBytes(tinyElf(PROGRAM))
    expect(elf.readInt32(DATA_ADDRESS)).toBe(0x04030201)
    expect(elf.readInt32(DATA_ADDRESS + 4)).toBe(-1)
    expect([...(elf.readVirtual(DATA_ADDRESS + 6, 4) ?? [])]).toEqual([255, 255, 0, 0])
    expect(elf.readInt32(DATA_ADDRESS + 5000)).toBeNull()
    expect(elf.readVirtual(0, 4)).toBeNull()
    expect(elf.readVirtual(Number.NaN, 4)).toBeNull()
    expect(elf.readVirtual(DATA_ADDRESS, 1e12)).toBeNull()
  })

  it('tells local symbols of one name apart by the file they were defined in', () => {
    const found = elfOfBytes(tinyElf(PROGRAM)).symbols.find(['wq', 'alpha', 'only_dynamic', 'absent'])
    expect(found.get('wq')?.map((symbol) => [symbol.file, symbol.value])).toEqual([
      ['fs.c', DATA_ADDRESS],
      ['threadpool.c', DATA_ADDRESS + 8],
    ])
    expect(found.get('alpha')?.map((symbol) => [symbol.file, symbol.value, symbol.kind])).toEqual([
      [null, 0x401000, 'function'],
    ])
    expect(found.get('only_dynamic')?.[0]?.value).toBe(0x403000)
    expect(found.has('absent')).toBe(false)
    const both = elfOfBytes(tinyElf(PROGRAM)).symbols.find(['alpha'], ['v8dbg_', 'only_'])
    expect([...both.keys()].sort()).toEqual(['alpha', 'only_dynamic', 'v8dbg_one', 'v8dbg_two'])
  })

  it('lists symbols by prefix, without undefined ones', () => {
    const names = elfOfBytes(tinyElf(PROGRAM))
      .symbols.withPrefix('v8dbg_')
      .map((symbol) => symbol.name)
    expect(names).toEqual(['v8dbg_one', 'v8dbg_two'])
  })

  it('names the function that covers an address and nothing in gaps', () => {
    const { symbols } = elfOfBytes(tinyElf(PROGRAM))
    expect(symbols.nearest(0x401000)).toMatchObject({ name: 'alpha', offset: 0 })
    expect(symbols.nearest(0x401012)).toMatchObject({ name: 'alpha_alias_inside', offset: 2 })
    expect(symbols.nearest(0x401030)).toMatchObject({ name: 'alpha', offset: 0x30 })
    expect(symbols.nearest(0x401040)).toBeNull()
    expect(symbols.nearest(0x402004)).toMatchObject({ name: 'Builtins_Unsized', offset: 4 })
    expect(symbols.nearest(0x3fffff)).toBeNull()
  })

  it('is found by address alike in a pass over the table and in the sorted one', () => {
    const addresses = [0x401000, 0x401012, 0x401030, 0x401040, 0x402004, 0x3fffff]
    const passes = elfOfBytes(tinyElf(PROGRAM)).symbols
    passes.prepare(addresses)
    const sorted = elfOfBytes(tinyElf(PROGRAM)).symbols
    // More single questions than passes are made for.
    for (let other = 0; other < 20; other++) sorted.nearest(0x500000 + other)
    expect(addresses.map((address) => passes.nearest(address))).toEqual(
      addresses.map((address) => sorted.nearest(address)),
    )
  })

  it('refuses what is no usable ELF file with ERR_STALL_ELF_INVALID', () => {
    const elf = tinyElf(PROGRAM)
    const big = Buffer.from(elf)
    big[5] = 2
    const cut = elf.subarray(0, 100)
    for (const bytes of [Buffer.alloc(0), Buffer.from('#!/bin/sh\n'.repeat(10)), cut, big]) {
      expect(codeOf(() => elfOfBytes(bytes))).toBe('ERR_STALL_ELF_INVALID')
    }
    expect(codeOf(() => openElf(__filename))).toBe('ERR_STALL_ELF_INVALID')
    expect(codeOf(() => openElf('/proc/999999999/exe'))).toBe('ERR_STALL_NO_SUCH_PROCESS')
  })

  it('survives 4,000 mutations: an answer or ERR_STALL_ELF_INVALID, soon', () => {
    const elf = tinyElf(PROGRAM)
    const random = mulberry32(7)
    const started = performance.now()
    for (let round = 0; round < 4000; round++) {
      const mutated = Buffer.from(elf)
      const flips = 1 + Math.floor(random() * 8)
      for (let flip = 0; flip < flips; flip++) {
        // Headers, tables and sections matter most; extreme values find more than random ones.
        const at = Math.floor(random() * mutated.length)
        const value = random() < 0.5 ? [0, 0xff, 0x7f, 0x80][Math.floor(random() * 4)] : Math.floor(random() * 256)
        mutated.fill(value ?? 0, at, Math.min(mutated.length, at + (random() < 0.3 ? 8 : 1)))
      }
      exercise(random() < 0.1 ? mutated.subarray(0, Math.floor(random() * mutated.length)) : mutated)
    }
    expect(performance.now() - started).toBeLessThan(10_000)
  })
})

function exercise(bytes: Uint8Array): void {
  let elf: ElfFile
  try {
    elf = elfOfBytes(bytes)
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(StallError)
    expect((thrown as StallError).code).toBe('ERR_STALL_ELF_INVALID')
    return
  }
  elf.symbols.find(['wq', 'alpha', 'only_dynamic'])
  elf.symbols.withPrefix('v8dbg_')
  elf.symbols.nearest(0x401012)
  elf.symbols.nearest(2 ** 46)
  elf.readInt32(DATA_ADDRESS)
  elf.dispose()
}

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (thrown) {
    return thrown instanceof StallError ? thrown.code : String(thrown)
  }
  return 'nothing thrown'
}

function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
