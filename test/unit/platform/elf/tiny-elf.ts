/** A small ELF64 program made by hand, so that tests know every byte of it. */

export interface TinySymbol {
  readonly name: string
  readonly value: number
  readonly size?: number
  /** 0 notype, 1 object, 2 function, 4 file, 6 tls. */
  readonly type: number
  readonly local?: boolean
  readonly undefined?: boolean
}

export interface TinyElf {
  readonly symbols: readonly TinySymbol[]
  readonly dynamicSymbols?: readonly TinySymbol[]
  readonly buildId?: string
  readonly data?: Uint8Array
  readonly pie?: boolean
  readonly tls?: { readonly memoryBytes: number; readonly align: number }
}

export const DATA_ADDRESS = 0x600000

export function tinyElf({ symbols, dynamicSymbols, buildId, data, pie, tls }: TinyElf): Buffer {
  const parts: Buffer[] = []
  let size = 64 + 4 * 56
  const place = (bytes: Buffer): number => {
    const at = size
    parts.push(bytes)
    size += bytes.length
    return at
  }
  const id = Buffer.from(buildId ?? '', 'hex')
  const note = Buffer.alloc(16 + Math.ceil(id.length / 4) * 4)
  note.writeUInt32LE(4, 0)
  note.writeUInt32LE(id.length, 4)
  note.writeUInt32LE(3, 8)
  note.write('GNU\0', 12, 'latin1')
  id.copy(note, 16)
  const noteAt = place(note)
  const dataBytes = Buffer.from(data ?? new Uint8Array(64))
  const dataAt = place(dataBytes)
  const tables = [table(symbols), table(dynamicSymbols ?? [])].map(({ entries, names }) => ({
    entriesAt: place(entries),
    entries: entries.length,
    namesAt: place(names),
    names: names.length,
  }))
  const sectionsAt = size
  const sections = Buffer.alloc(5 * 64)
  tables.forEach((made, index) => {
    const at = 64 * (1 + 2 * index)
    writeSection(sections, at, index === 0 ? 2 : 11, made.entriesAt, made.entries, 2 + 2 * index)
    writeSection(sections, at + 64, 3, made.namesAt, made.names, 0)
  })
  parts.push(sections)

  const header = Buffer.alloc(64 + 4 * 56)
  header.write('\x7fELF', 0, 'latin1')
  header[4] = 2
  header[5] = 1
  header.writeUInt16LE(pie ? 3 : 2, 16)
  header.writeUInt16LE(62, 18)
  header.writeBigUInt64LE(64n, 32)
  header.writeBigUInt64LE(BigInt(sectionsAt), 40)
  header.writeUInt16LE(56, 54)
  header.writeUInt16LE(4, 56)
  header.writeUInt16LE(64, 58)
  header.writeUInt16LE(5, 60)
  writeSegment(header, 64, 1, 5, 0x400000, 0, size, size)
  writeSegment(header, 120, 1, 6, DATA_ADDRESS, dataAt, dataBytes.length, dataBytes.length + 4096)
  writeSegment(header, 176, 4, 4, 0x400000 + noteAt, noteAt, note.length, note.length)
  if (tls) writeSegment(header, 232, 7, 4, DATA_ADDRESS, dataAt, 4, tls.memoryBytes, tls.align)
  return Buffer.concat([header, ...parts])
}

function table(symbols: readonly TinySymbol[]): { entries: Buffer; names: Buffer } {
  const entries = Buffer.alloc(24 * (symbols.length + 1))
  let names = Buffer.from('\0', 'latin1')
  symbols.forEach((symbol, index) => {
    const at = 24 * (index + 1)
    entries.writeUInt32LE(names.length, at)
    entries[at + 4] = symbol.type | (symbol.local ? 0 : 16)
    entries.writeUInt16LE(symbol.undefined ? 0 : 1, at + 6)
    entries.writeBigUInt64LE(BigInt(symbol.value), at + 8)
    entries.writeBigUInt64LE(BigInt(symbol.size ?? 0), at + 16)
    names = Buffer.concat([names, Buffer.from(`${symbol.name}\0`, 'latin1')])
  })
  return { entries, names }
}

function writeSection(into: Buffer, at: number, type: number, offset: number, size: number, link: number): void {
  into.writeUInt32LE(type, at + 4)
  into.writeBigUInt64LE(BigInt(offset), at + 24)
  into.writeBigUInt64LE(BigInt(size), at + 32)
  into.writeUInt32LE(link, at + 40)
}

function writeSegment(
  into: Buffer,
  at: number,
  type: number,
  flags: number,
  address: number,
  offset: number,
  fileBytes: number,
  memoryBytes: number,
  align = 8,
): void {
  into.writeUInt32LE(type, at)
  into.writeUInt32LE(flags, at + 4)
  into.writeBigUInt64LE(BigInt(offset), at + 8)
  into.writeBigUInt64LE(BigInt(address), at + 16)
  into.writeBigUInt64LE(BigInt(fileBytes), at + 32)
  into.writeBigUInt64LE(BigInt(memoryBytes), at + 40)
  into.writeBigUInt64LE(BigInt(align), at + 48)
}
