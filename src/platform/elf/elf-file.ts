/**
 * An ELF64 little-endian file: identity, segments, symbols, data at a virtual address.
 *
 * Knows nothing of Node or of a process: addresses are those of the file, before any load bias. Nothing in the file is
 * trusted: every count, offset and size is checked against the file's own size before it is used, so a corrupt file is
 * an ERR_STALL_ELF_INVALID or a null, never a crash, an endless loop or a huge allocation.
 * Layout: System V ABI, "Object Files"; Linux <elf.h>.
 */
import { StallError } from '../../model/stall-error.js'
import { bytesSource, fileSource, type ByteSource } from './byte-source.js'
import { readBuildId } from './elf-notes.js'
import { ElfSymbols, type ElfSection } from './elf-symbols.js'

const HEADER_BYTES = 64
const SEGMENT_BYTES = 56
const SECTION_BYTES = 64
/** Far above any linker's output; a corrupt count must not cost time. */
const MAX_HEADERS = 8192

const PT_LOAD = 1
const PT_NOTE = 4
const PT_TLS = 7
const ET_EXEC = 2
const ET_DYN = 3

/** `e_machine` of the architectures that Node is officially built for here. */
export type ElfMachine = 'x64' | 'arm64' | 'other'

export interface ElfSegment {
  /** Virtual address in the file, before the load bias. */
  readonly address: number
  readonly memoryBytes: number
  readonly fileOffset: number
  readonly fileBytes: number
  readonly align: number
  readonly readable: boolean
  readonly writable: boolean
  readonly executable: boolean
}

/** The template of the thread-local storage of this module. */
export interface ElfTls {
  readonly address: number
  readonly memoryBytes: number
  readonly align: number
  /**
   * Bytes from the start of this module's block up to the thread pointer, if the module is the main program (TLS
   * variant II, x86-64: glibc elf/dl-tls.c, _dl_determine_tlsoffset). For a shared object the loader decides.
   */
  readonly bytesBelowThreadPointer: number
}

export class ElfFile {
  readonly machine: ElfMachine
  /** True for PIE and shared objects: the loader adds a bias to every address. */
  readonly positionIndependent: boolean
  readonly segments: readonly ElfSegment[]
  readonly tls: ElfTls | null
  /** GNU build id in lower-case hex; null without one. */
  readonly buildId: string | null
  readonly symbols: ElfSymbols
  readonly sizeBytes: number
  readonly #source: ByteSource

  constructor(source: ByteSource) {
    this.#source = source
    this.sizeBytes = source.size
    const header = viewOf(source.read(0, HEADER_BYTES))
    if (header.byteLength < HEADER_BYTES || header.getUint32(0, false) !== 0x7f454c46) throw invalid('no ELF header')
    if (header.getUint8(4) !== 2 || header.getUint8(5) !== 1) throw invalid('not 64-bit little-endian')
    const type = header.getUint16(16, true)
    if (type !== ET_EXEC && type !== ET_DYN) throw invalid(`type ${type} is neither a program nor a shared object`)
    const machine = header.getUint16(18, true)
    this.machine = machine === 62 ? 'x64' : machine === 183 ? 'arm64' : 'other'
    this.positionIndependent = type === ET_DYN

    const programHeaders = readTable(source, header, 32, 54, SEGMENT_BYTES)
    if (!programHeaders) throw invalid('program headers out of the file')
    const segments: ElfSegment[] = []
    const notes: { fileOffset: number; fileBytes: number }[] = []
    let tls: ElfTls | null = null
    for (let at = 0; at + SEGMENT_BYTES <= programHeaders.byteLength; at += SEGMENT_BYTES) {
      const segment = parseSegment(programHeaders, at)
      if (!segment) continue
      const kind = programHeaders.getUint32(at, true)
      if (kind === PT_LOAD) segments.push(segment)
      else if (kind === PT_NOTE) notes.push(segment)
      else if (kind === PT_TLS) tls ??= tlsOf(segment)
    }
    if (segments.length === 0) throw invalid('no loadable segment')
    this.segments = segments
    this.tls = tls
    this.buildId = readBuildId(source, notes)
    this.symbols = new ElfSymbols(source, readSections(source, header))
  }

  /** Bytes at a virtual address (.bss reads as zeros); null when they are not all within one segment. */
  readVirtual(address: number, length: number): Uint8Array<ArrayBuffer> | null {
    if (!(length > 0) || length > 1 << 26) return null
    for (const segment of this.segments) {
      const at = address - segment.address
      if (!(at >= 0) || at + length > segment.memoryBytes) continue
      const fromFile = Math.max(0, Math.min(length, segment.fileBytes - at))
      const bytes = fromFile > 0 ? this.#source.read(segment.fileOffset + at, fromFile) : new Uint8Array(0)
      if (bytes.length < fromFile) return null
      if (fromFile === length) return bytes
      const padded = new Uint8Array(length)
      padded.set(bytes)
      return padded
    }
    return null
  }

  /** A signed 32-bit value at a virtual address, as V8's postmortem constants are; null outside the file. */
  readInt32(address: number): number | null {
    const bytes = this.readVirtual(address, 4)
    return bytes ? viewOf(bytes).getInt32(0, true) : null
  }

  dispose(): void {
    this.#source.dispose()
  }
}

/**
 * Opens a program or shared object by path; `/proc/PID/exe` works across mount namespaces and for deleted files.
 * @throws StallError ERR_STALL_ELF_INVALID, ERR_STALL_PERMISSION, ERR_STALL_NO_SUCH_PROCESS
 */
export function openElf(path: string): ElfFile {
  const source = fileSource(path)
  try {
    return new ElfFile(source)
  } catch (thrown) {
    source.dispose()
    throw thrown
  }
}

/** The same over bytes at hand. */
export function elfOfBytes(bytes: Uint8Array): ElfFile {
  return new ElfFile(bytesSource(bytes))
}

function invalid(what: string): StallError {
  return new StallError('ERR_STALL_ELF_INVALID', `Not a usable ELF file: ${what}`)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** A 64-bit field as a number; Infinity when it is above 2^53, so that every bound check fails. */
function u64(view: DataView, at: number): number {
  const high = view.getUint32(at + 4, true)
  return high >= 0x20_0000 ? Number.POSITIVE_INFINITY : high * 0x1_0000_0000 + view.getUint32(at, true)
}

/** The table of program or section headers; null when it does not lie in the file. */
function readTable(
  source: ByteSource,
  header: DataView,
  offsetAt: number,
  entrySizeAt: number,
  entryBytes: number,
): DataView | null {
  const offset = u64(header, offsetAt)
  const entrySize = header.getUint16(entrySizeAt, true)
  const count = header.getUint16(entrySizeAt + 2, true)
  if (count === 0 || count > MAX_HEADERS || entrySize !== entryBytes || offset >= source.size) return null
  const bytes = source.read(offset, count * entryBytes)
  return bytes.length === count * entryBytes ? viewOf(bytes) : null
}

function parseSegment(view: DataView, at: number): ElfSegment | null {
  const flags = view.getUint32(at + 4, true)
  const segment = {
    fileOffset: u64(view, at + 8),
    address: u64(view, at + 16),
    fileBytes: u64(view, at + 32),
    memoryBytes: u64(view, at + 40),
    align: u64(view, at + 48),
    readable: (flags & 4) !== 0,
    writable: (flags & 2) !== 0,
    executable: (flags & 1) !== 0,
  }
  const finite = [segment.fileOffset, segment.address, segment.fileBytes, segment.memoryBytes, segment.align]
  return finite.every((value) => Number.isFinite(value)) ? segment : null
}

function tlsOf(segment: ElfSegment): ElfTls | null {
  const align = Math.max(1, segment.align)
  if (align > 1 << 20 || segment.memoryBytes > 1 << 28) return null
  const first = (align - (segment.address % align)) % align
  const bytesBelowThreadPointer = Math.ceil((segment.memoryBytes - first) / align) * align + first
  return { address: segment.address, memoryBytes: segment.memoryBytes, align, bytesBelowThreadPointer }
}

/** Sections are optional (a stripped program may have none): an unusable table is an empty one. */
function readSections(source: ByteSource, header: DataView): readonly ElfSection[] {
  const table = readTable(source, header, 40, 58, SECTION_BYTES)
  if (!table) return []
  const sections: ElfSection[] = []
  for (let at = 0; at + SECTION_BYTES <= table.byteLength; at += SECTION_BYTES) {
    sections.push({
      type: table.getUint32(at + 4, true),
      address: u64(table, at + 16),
      fileOffset: u64(table, at + 24),
      sizeBytes: u64(table, at + 32),
      link: table.getUint32(at + 40, true),
    })
  }
  return sections
}
