/** Prose in lines of a terminal's width, broken between words; what is longer than a line stays whole. */

/** Columns that text takes: letters of East Asia and pictures take two, marks on the letter before them none. */
export function columnsOf(text: string): number {
  let columns = 0
  for (const character of text) {
    columns += MARK.test(character) ? 0 : WIDE.test(character) ? 2 : 1
  }
  return columns
}

const MARK = /\p{Mn}|\p{Me}|\p{Cf}/u
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u

export interface WrapOptions {
  /** Columns; null: one line. */
  readonly width: number | null
  /** Before the first line. */
  readonly first?: string
  /** Before each of the others. */
  readonly rest?: string
}

/** The lines of `text`, which has none of its own. */
export function wrap(text: string, { width, first = '', rest = first }: WrapOptions): string[] {
  if (width === null) return [first + text]
  const lines: string[] = []
  let line = first
  let empty = true
  for (const word of text.split(' ')) {
    if (!empty && columnsOf(line) + 1 + columnsOf(word) > width) {
      lines.push(line)
      line = rest
      empty = true
    }
    line += empty ? word : ` ${word}`
    empty = false
  }
  return [...lines, line]
}

/** Cut at the end to so many columns, with an ellipsis. */
export function truncate(text: string, width: number): string {
  if (columnsOf(text) <= width) return text
  let kept = ''
  let columns = 0
  for (const character of text) {
    const next = columns + columnsOf(character)
    if (next > width - 1) break
    kept += character
    columns = next
  }
  return `${kept}…`
}

/** The terminal's columns; those that COLUMNS names where stdout is none; null: as long as the lines are. */
export function terminalWidth(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  env: Readonly<Record<string, string | undefined>>,
): number | null {
  const named = /^[1-9]\d{0,3}$/.test(env['COLUMNS'] ?? '') ? Number(env['COLUMNS']) : null
  const columns = stream.isTTY === true && (stream.columns ?? 0) > 0 ? (stream.columns ?? null) : named
  // Narrower than this nothing fits, and everything would be broken.
  return columns === null ? null : Math.max(40, columns)
}
