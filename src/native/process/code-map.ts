/**
 * From a program counter to a function. Works through the mapping's file offset, because V8 maps the builtins of the
 * executable a second time (Node 22 on): only the offset in the file names them then.
 */
import { toAddress, type Address } from '../../model/address.js'
import { demangle } from '../../platform/elf/demangle.js'
import { openElf, type ElfFile } from '../../platform/elf/elf-file.js'
import type { Mapping } from '../../platform/procfs/maps.js'
import type { NativeProcess } from './native-process.js'

const PAGE_BYTES = 4096
/** Shared objects whose symbols are opened; further ones are named by file only. */
const MAX_LIBRARIES = 12
/** Larger ones would cost more than the name is worth. */
const MAX_LIBRARY_SYMBOL_BYTES = 512 << 20

export type CodePlace =
  | { readonly kind: 'jit' }
  | {
      readonly kind: 'native'
      /** Base name of the file the code was mapped from. */
      readonly module: string
      /** Path as the target's maps name it. */
      readonly path: string
      /** Demangled; null where the file has no symbol for it. */
      readonly function: string | null
      /** As in the file. */
      readonly symbol: string | null
      /** Bytes past the function's start; null without a symbol. */
      readonly offset: number | null
      /** Run-time address of the function's start; null without a symbol. */
      readonly start: Address | null
    }

export class CodeMap {
  readonly #native: NativeProcess
  readonly #libraries = new Map<string, ElfFile | null>()
  readonly #places = new Map<number, CodePlace | null>()
  #executable: readonly Mapping[] | null = null

  constructor(native: NativeProcess) {
    this.#native = native
  }

  /** The executable mapping that holds an address. */
  mappingOf(address: number): Mapping | null {
    const mappings = (this.#executable ??= this.#native.memory.mappings().filter((mapping) => mapping.executable))
    let low = 0
    let high = mappings.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const mapping = mappings[middle]
      if (!mapping) return null
      if (address < mapping.start) high = middle - 1
      else if (address >= mapping.end) low = middle + 1
      else return mapping
    }
    return null
  }

  /** Where an instruction lies; null when it is no mapped code. For a return address pass the address less one. */
  placeOf(address: number): CodePlace | null {
    const known = this.#places.get(address)
    if (known !== undefined) return known
    const place = this.#look(address)
    if (this.#places.size > 16_384) this.#places.clear()
    this.#places.set(address, place)
    return place
  }

  /** Makes ready for several addresses of the program itself at once, which is cheaper than one by one. */
  prepare(addresses: readonly number[]): void {
    const { elf, path } = this.#native
    const fileAddresses = addresses.flatMap((address) => {
      const mapping = this.mappingOf(address)
      if (mapping?.path !== path) return []
      return fileAddressOf(elf, mapping.offset + (address - mapping.start)) ?? []
    })
    elf.symbols.prepare(fileAddresses)
  }

  #look(address: number): CodePlace | null {
    const mapping = this.mappingOf(address)
    if (!mapping) return null
    // [vdso] is the only named code without a file; all other anonymous code is V8's.
    if (mapping.inode === 0 && !mapping.path.startsWith('[v')) return { kind: 'jit' }
    const { path } = mapping
    const module = path.split('/').at(-1) ?? path
    const elf = path === this.#native.path ? this.#native.elf : this.#library(path)
    const fileOffset = mapping.offset + (address - mapping.start)
    const fileAddress = elf === null ? null : fileAddressOf(elf, fileOffset)
    const nearest = elf === null || fileAddress === null ? null : elf.symbols.nearest(fileAddress)
    return {
      kind: 'native',
      module,
      path,
      function: nearest === null ? null : demangle(nearest.name),
      symbol: nearest?.name ?? null,
      offset: nearest?.offset ?? null,
      start: nearest === null ? null : toAddress(address - nearest.offset),
    }
  }

  #library(path: string): ElfFile | null {
    const known = this.#libraries.get(path)
    if (known !== undefined) return known
    const opened = this.#libraries.size < MAX_LIBRARIES ? tryOpen(`${this.#native.root}/root${path}`) : null
    this.#libraries.set(path, opened)
    return opened
  }

  /** After the target's mappings may have changed. */
  refresh(): void {
    this.#executable = null
    this.#places.clear()
  }

  dispose(): void {
    for (const elf of this.#libraries.values()) elf?.dispose()
    this.#libraries.clear()
  }
}

function fileAddressOf(elf: ElfFile, fileOffset: number): number | null {
  for (const segment of elf.segments) {
    // The loader maps whole pages, so code can lie a little before the segment's own start.
    const from = Math.floor(segment.fileOffset / PAGE_BYTES) * PAGE_BYTES
    if (segment.executable && fileOffset >= from && fileOffset < segment.fileOffset + segment.fileBytes) {
      return segment.address + (fileOffset - segment.fileOffset)
    }
  }
  return null
}

/** A library that can't be opened (deleted, another user's) is named by its file. */
function tryOpen(path: string): ElfFile | null {
  try {
    const elf = openElf(path)
    if (elf.sizeBytes <= MAX_LIBRARY_SYMBOL_BYTES) return elf
    elf.dispose()
    return null
  } catch {
    return null
  }
}
