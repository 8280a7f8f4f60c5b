/**
 * An incident as Markdown: `report.md` of every bundle, and the text of a ticket. Within a limit of bytes the least
 * telling sections are shortened first, then left out, and the last line says so.
 */
import { formatBytes } from '../../model/amounts.js'
import type { ReportedIncident } from '../reported-incident.js'
import { SECTIONS, titleLines } from './sections.js'

export interface MarkdownOptions {
  /** Most bytes, UTF-8. GitHub takes 65,536 characters in a comment. */
  readonly maxBytes?: number
}

/** Enough for any report that a person reads; a chain of thousands of frames would make more. */
const DEFAULT_MAX_BYTES = 256 * 1024

export function renderMarkdown(incident: ReportedIncident, options: MarkdownOptions = {}): string {
  const { maxBytes = DEFAULT_MAX_BYTES } = options
  const parts = SECTIONS.map((section) => ({ section, level: 0, lines: section.render(incident, 0) }))
  const left = (): string[] => parts.filter((part) => part.level > 0).map((part) => part.section.name)
  const whole = (): string =>
    joined([titleLines(incident), ...parts.map((part) => part.lines), cutLine(left(), maxBytes)])
  // Each round takes one step from the least telling section that still has one to give.
  for (let text = whole(); ; text = whole()) {
    if (Buffer.byteLength(text) <= maxBytes) return text
    const next = parts
      .filter((part) => part.lines.length > 0)
      .toSorted((a, b) => a.section.worth[a.level]! - b.section.worth[b.level]!)[0]
    if (next === undefined) return cutText(text, maxBytes)
    next.level++
    next.lines = next.level >= next.section.worth.length ? [] : next.section.render(incident, next.level)
  }
}

function joined(sections: readonly (readonly string[])[]): string {
  const text = sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
  return `${text}\n`
}

function cutLine(names: readonly string[], maxBytes: number): string[] {
  if (names.length === 0) return []
  return [`*Shortened to ${formatBytes(maxBytes)}: less about ${names.join(', ')}. The bundle has it all.*`]
}

/** Not even the title fits: what does, whole characters only. */
function cutText(text: string, maxBytes: number): string {
  let bytes = Buffer.from(text)
    .subarray(0, Math.max(0, maxBytes - 4))
    .toString('utf8')
    .replace(/\uFFFD$/, '')
  if (bytes.includes('`')) bytes = bytes.replaceAll('`', "'")
  return maxBytes < 4 ? '' : `${bytes}…`
}
