/** A few lines of a script around a place, for reports. Bounded: a bundle of megabytes on one line is cut. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import type { SourceLine } from '../model/source-excerpt.js'

export type ExcerptLine = SourceLine

const MAX_FILE_BYTES = 8 * 1024 * 1024
/** Characters of a line that are shown. */
const WIDTH = 148
/** What is redacted of a line of megabytes, before and after the place. */
const AROUND = 4000

export interface ExcerptPlace {
  /** From 1. */
  readonly line: number
  /** From 1; null when only the line is known. */
  readonly column: number | null
}

type Redact = (code: string) => string

/** The line of `place` and one before and after it, or null when there is no such line. `redact` takes secrets out. */
export function excerptOf(
  text: string | Buffer,
  { line, column }: ExcerptPlace,
  redact: Redact = (code) => code,
): readonly ExcerptLine[] | null {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  const first = Math.max(1, line - 1)
  const found = line < 1 ? [] : linesFrom(bytes, first, line + 1)
  if (found.length < line - first + 1) return null
  return found.map(({ from, to }, index) => {
    const here = first + index === line
    return {
      line: first + index,
      here,
      text: shown(...windowOfBytes(bytes, from, to, here ? (column ?? 1) - 1 : 0), redact),
    }
  })
}

/** Where lines `first` to `last` are in a file; fewer at its end. The whole file as text would be counted in V8's heap. */
function linesFrom(bytes: Buffer, first: number, last: number): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = []
  let from = 0
  for (let line = 1; line <= last; line++) {
    const next = bytes.indexOf(10, from)
    const end = next < 0 ? bytes.length : next
    if (line >= first) found.push({ from, to: end > from && bytes[end - 1] === 13 ? end - 1 : end })
    if (next < 0) break
    from = next + 1
  }
  return found
}

/** Of a line of megabytes what lies around character `at`, decoded, and where that character is in it. */
function windowOfBytes(bytes: Buffer, from: number, to: number, at: number): [text: string, at: number, cut: Cut] {
  let begin = from
  let skipped = 0
  // UTF-8: bytes that go on with a character begin with 10; those of four bytes are two characters in JavaScript.
  for (let i = from, unit = 0; i < to && unit < at; i++) {
    const byte = bytes[i] ?? 0
    if ((byte & 0xc0) === 0x80) continue
    if (at - unit > AROUND) {
      begin = i
      skipped = unit
    }
    unit += byte >= 0xf0 ? 2 : 1
  }
  let end = Math.min(to, begin + AROUND * 8)
  while (end > begin && end < to && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return [bytes.toString('utf8', begin, end), at - skipped, { before: begin > from, after: end < to }]
}

interface Cut {
  readonly before: boolean
  readonly after: boolean
}

/** Redacted before it is cut: half a literal would not be known for one. */
function shown(text: string, at: number, cut: Cut, redact: Redact): string {
  const wide = windowAround(text, at, AROUND * 2)
  const before = redact(wide.text.slice(0, at - wide.from)).length
  const { text: part, from, to } = windowAround(redact(wide.text), before, WIDTH)
  const cutBefore = cut.before || wide.from + from > 0
  const cutAfter = cut.after || to || wide.to
  return `${cutBefore ? '…' : ''}${part}${cutAfter ? '…' : ''}`
}

/** A part of a long line around the character that counts: code before it tells more than code behind it. */
function windowAround(
  text: string,
  at: number,
  width: number,
): {
  text: string
  from: number
  /** Something follows it. */
  to: boolean
} {
  const from = Math.max(0, Math.min(at - Math.floor(width * 0.4), text.length - width))
  return { text: text.slice(from, from + width), from, to: from + width < text.length }
}

/**
 * The same from a file as the target names it. `root` is its root folder as we see it (`/proc/PID/root`, '' for our
 * own); `redact` takes secrets out of each line. Null when it is not a plain file that can be read: the source is a comfort, never needed.
 */
export function readExcerpt(
  place: ExcerptPlace & { readonly file: string },
  options: { readonly root?: string; readonly redact: Redact },
): readonly ExcerptLine[] | null {
  if (!place.file.startsWith('/')) return null
  const found = readSource(`${options.root ?? ''}${place.file}`)
  return found === null ? null : excerptOf(found.bytes, place, options.redact)
}

export interface SourceFile {
  readonly bytes: Buffer
  /** Last change, ms since the epoch. */
  readonly changedAtMs: number
}

/** The bytes of a plain file of at most 8 MB, or of what is asked for; null for anything else. */
export function readSource(path: string, mostBytes = MAX_FILE_BYTES): SourceFile | null {
  let fd: number | null = null
  try {
    // A named pipe under a script's name must not hold the thread that captures.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stats = fstatSync(fd)
    if (!stats.isFile() || stats.size > mostBytes) return null
    const bytes = Buffer.alloc(stats.size)
    const got = readSync(fd, bytes, 0, bytes.length, 0)
    return { bytes: bytes.subarray(0, got), changedAtMs: stats.mtimeMs }
  } catch {
    // Moved, refused, or in a container whose files we can't reach.
    return null
  } finally {
    if (fd !== null) closeSync(fd)
  }
}
