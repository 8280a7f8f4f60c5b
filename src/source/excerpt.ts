/** A few lines of a script around a place, for reports. Bounded: a bundle of megabytes on one line is cut. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

export interface ExcerptLine {
  readonly line: number
  readonly text: string
  readonly here: boolean
}

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
  text: string,
  { line, column }: ExcerptPlace,
  redact: Redact = (code) => code,
): readonly ExcerptLine[] | null {
  const lines = text.split('\n')
  if (line < 1 || line > lines.length) return null
  const first = Math.max(1, line - 1)
  return lines.slice(first - 1, Math.min(lines.length, line + 1)).map((each, index) => {
    const here = first + index === line
    return { line: first + index, text: shown(each.replace(/\r$/, ''), here ? (column ?? 1) - 1 : 0, redact), here }
  })
}

/** Redacted before it is cut: half a literal would not be known for one. */
function shown(text: string, at: number, redact: Redact): string {
  const wide = windowAround(text, at, AROUND * 2)
  const before = redact(wide.text.slice(0, at - wide.from)).length
  const { text: part, from, to } = windowAround(redact(wide.text), before, WIDTH)
  const cutBefore = wide.from + from > 0
  const cutAfter = to || wide.to
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
  const text = readSource(`${options.root ?? ''}${place.file}`)
  return text === null ? null : excerptOf(text, place, options.redact)
}

function readSource(path: string): string | null {
  let fd: number | null = null
  try {
    fd = openSync(path, 'r')
    const stats = fstatSync(fd)
    if (!stats.isFile() || stats.size > MAX_FILE_BYTES) return null
    const bytes = Buffer.alloc(stats.size)
    const got = readSync(fd, bytes, 0, bytes.length, 0)
    return bytes.toString('utf8', 0, got)
  } catch {
    // Moved, refused, or in a container whose files we can't reach.
    return null
  } finally {
    if (fd !== null) closeSync(fd)
  }
}
