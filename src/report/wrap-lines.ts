/** Painted lines in a terminal's width: broken between words with a hanging indent, source text cut. */
import { columnsOf } from './wrap.js'

// eslint-disable-next-line no-control-regex -- the painter's own sequences
const ESCAPE = /\u001b\[[0-9;]*m/g
/** What goes on is set off from what begins. */
const HANGING = 2
/** `  > 18 |   return await fetch(url)`. */
const SOURCE_LINE = /^\s*>?\s*\d+ \| /

/** `width` in columns; null: lines as long as they are. A word that is longer than a line stays whole, to be copied. */
export function wrapLines(lines: readonly string[], width: number | null): readonly string[] {
  return width === null ? lines : lines.flatMap((line) => wrapLine(line, width))
}

function wrapLine(line: string, width: number): string[] {
  const plain = line.replaceAll(ESCAPE, '')
  if (columnsOf(plain) <= width) return [line]
  if (SOURCE_LINE.test(plain)) return [cut(line, width)]
  const indent = /^ */.exec(plain)?.[0].length ?? 0
  const hang = ' '.repeat(Math.min(indent + HANGING, Math.floor(width / 2)))
  const lines: string[] = []
  let current = ''
  let columns = 0
  // Two spaces set parts of a line apart: they stay together with what is before.
  for (const word of line.split(/(?<=\S) (?=\S)/)) {
    const size = columnsOf(word.replaceAll(ESCAPE, ''))
    if (columns > 0 && columns + 1 + size > width) {
      lines.push(current)
      current = hang + word
      columns = hang.length + size
    } else {
      current += columns > 0 ? ` ${word}` : word
      columns += columns > 0 ? 1 + size : size
    }
  }
  return [...lines, current]
}

/** Keeps the escape sequences behind the cut: they end the style. */
function cut(line: string, width: number): string {
  let left = width - 1
  let out = ''
  let at = 0
  for (const match of [...line.matchAll(ESCAPE), null]) {
    const end = match?.index ?? line.length
    const part = line.slice(at, end)
    out += part.length <= left ? part : left >= 0 ? `${part.slice(0, left)}…` : ''
    left = part.length <= left ? left - part.length : -1
    if (match === null) break
    out += match[0]
    at = end + match[0].length
  }
  return out
}
