/**
 * Foreign text in Markdown: names, URLs and source come from the process that was looked at, and must neither format,
 * link, mention nor embed anything, wherever the report is pasted. Readable as plain text all the same.
 */
import { printable } from '../terminal.js'

/** Characters that Markdown, HTML in it, or GitHub's and GitLab's additions read as more than themselves. */
const SPECIAL = /[`*_[\]<>|~@#&\\!$^]|:\/\/|^www\./i
/** At the beginning of a paragraph these make a list, a heading or a rule. */
const AT_BEGINNING = /^(?:[-+=]|\d+[.)]$)/

/** A quoted command, by itself between blanks and a sentence's own signs: no other code span can come to touch it. */
const QUOTED = /(?<=(?:^|\s)\(?)`([^`]+)`(?=[.,;:)]*(?:\s|$))/

/**
 * A sentence: what stands in single backticks is a code span, words that Markdown would read are put into others, and
 * the rest stays as it is.
 */
export function prose(text: string): string {
  return printable(text)
    .split(QUOTED)
    .map((part, index) => (index % 2 === 1 ? code(part) : words(part, index === 0)))
    .join('')
}

function words(text: string, begins: boolean): string {
  return text
    .split(' ')
    .map((word, index) => {
      if (SPECIAL.test(word)) return codeWord(word)
      return begins && index === 0 && AT_BEGINNING.test(word) ? code(word) : word
    })
    .join(' ')
}

/** The sentence's own comma or full stop is no part of an address that somebody copies. */
function codeWord(word: string): string {
  const [, text = '', end = ''] = /^(.*?)([.,;:]*)$/s.exec(word) ?? []
  return text === '' ? code(word) : code(text) + end
}

/** A code span, whatever is in the text. */
export function code(text: string): string {
  const clean = printable(text)
  if (clean.trim() === '') return '` `'
  const ticks = '`'.repeat(longestRun(clean) + 1)
  const space = ticks.length > 1 ? ' ' : ''
  return `${ticks}${space}${clean}${space}${ticks}`
}

/** A block of lines, shown as they are. */
export function block(lines: readonly string[], language = ''): string[] {
  const clean = lines.map((line) => printable(line))
  const ticks = '`'.repeat(Math.max(3, longestRun(clean.join('\n')) + 1))
  return [`${ticks}${language}`, ...clean, ticks]
}

/** Columns that line up, for who reads it with `cat`. The cells are Markdown already. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  // GitHub parts cells before it looks for code: a bar in a code span counts too.
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')))
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |`
  const [first = head, ...others] = cells
  return [line(first), line(widths.map((width) => '-'.repeat(width))), ...others.map(line)]
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length))
}
