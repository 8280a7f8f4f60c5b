/** A few lines of a script around a place, for reports. Bounded: a bundle of megabytes on one line is cut. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

export interface ExcerptLine {
  readonly line: number
  readonly text: string
  readonly here: boolean
}

const MAX_FILE_BYTES = 8 * 1024 * 1024
const MAX_LINE = 400

/** `around` lines before and after `line` (from 1), or null when there is no such line. */
export function excerptOf(text: string, line: number, around = 1): readonly ExcerptLine[] | null {
  const lines = text.split('\n')
  if (line < 1 || line > lines.length) return null
  const first = Math.max(1, line - around)
  const last = Math.min(lines.length, line + around)
  return lines
    .slice(first - 1, last)
    .map((each, index) => ({ line: first + index, text: cut(each), here: first + index === line }))
}

function cut(line: string): string {
  const text = line.replace(/\r$/, '')
  return text.length > MAX_LINE ? `${text.slice(0, MAX_LINE)}...` : text
}

/**
 * The same from a file as the target names it. `root` is its root folder as we see it (`/proc/PID/root`, '' for our
 * own). Null when it is not a plain file that can be read: the source is a comfort, never needed.
 */
export function readExcerpt(file: string, line: number, root = ''): readonly ExcerptLine[] | null {
  if (!file.startsWith('/')) return null
  const text = readSource(`${root}${file}`)
  return text === null ? null : excerptOf(text, line)
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
