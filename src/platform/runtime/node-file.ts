/** What a Node binary's file says beyond its symbols: the version it was built as, and whether an application is in it. */
import { closeSync, openSync, readSync } from 'node:fs'
import type { ElfFile } from '../elf/elf-file.js'

const WINDOW_BYTES = 4 << 20
/** Far past the read-only data of any build. */
const MAX_SEARCH_BYTES = 256 << 20

/** `process.release` holds URLs such as `https://nodejs.org/download/release/v20.20.2/node-v20.20.2.tar.gz`. */
const RELEASE = /node-(v\d+\.\d+\.\d+(?:-[\w.]+)?)(?:\.tar\.gz|-headers\.tar)/
const RELEASE_MARK = Buffer.from('/node-v')

/** Null when the read-only data holds no release URL. */
export function findNodeVersion(file: string, elf: ElfFile): string | null {
  const fd = openSync(file, 'r')
  try {
    const readOnly = elf.segments.filter((segment) => segment.readable && !segment.writable)
    // Read-only data of its own segment first; linkers of older builds put it into the code's.
    const ordered = [...readOnly.filter((segment) => !segment.executable), ...readOnly.filter((s) => s.executable)]
    for (const segment of ordered) {
      const version = searchVersion(fd, segment.fileOffset, Math.min(segment.fileBytes, MAX_SEARCH_BYTES))
      if (version !== null) return version
    }
    return null
  } finally {
    closeSync(fd)
  }
}

function searchVersion(fd: number, from: number, length: number): string | null {
  const overlap = 128
  const window = Buffer.allocUnsafe(WINDOW_BYTES)
  for (let at = 0; at < length; at += WINDOW_BYTES - overlap) {
    const got = readSync(fd, window, 0, Math.min(WINDOW_BYTES, length - at), from + at)
    const part = window.subarray(0, got)
    for (let hit = part.indexOf(RELEASE_MARK); hit >= 0; hit = part.indexOf(RELEASE_MARK, hit + 1)) {
      const match = RELEASE.exec(part.toString('latin1', hit, hit + overlap))
      if (match?.[1] !== undefined) return match[1]
    }
    if (got < WINDOW_BYTES) break
  }
  return null
}

const PT_NOTE = 4
const MAX_SEGMENTS = 64
const MAX_NOTE_BYTES = 4096

/** Node's packer adds a note named NODE_SEA_BLOB (node: src/node_sea.cc, FindSingleExecutableBlob). */
export function hasSingleExecutableNote(file: string): boolean {
  const fd = openSync(file, 'r')
  try {
    const header = readAt(fd, 0, 64)
    if (header.length < 64) return false
    const table = Number(header.readBigUInt64LE(32))
    const entryBytes = header.readUInt16LE(54)
    const count = Math.min(header.readUInt16LE(56), MAX_SEGMENTS)
    for (let index = 0; index < count; index++) {
      const entry = readAt(fd, table + index * entryBytes, 56)
      if (entry.length < 56 || entry.readUInt32LE(0) !== PT_NOTE) continue
      const start = Number(entry.readBigUInt64LE(8))
      // Names come first in a note; the application behind this one can be any size.
      if (readAt(fd, start, MAX_NOTE_BYTES).includes('NODE_SEA_BLOB')) return true
    }
    return false
  } finally {
    closeSync(fd)
  }
}

function readAt(fd: number, position: number, length: number): Buffer {
  if (!Number.isSafeInteger(position)) return Buffer.alloc(0)
  const bytes = Buffer.allocUnsafe(length)
  return bytes.subarray(0, readSync(fd, bytes, 0, length, position))
}
