/** A verdict on a screen: name, sentence, reasons, place with its source, callers, what it waits for, what to do. */
import { excerptAt, type SourceExcerpt } from '../model/source-excerpt.js'
import type { Verdict } from '../model/verdict.js'
import { verdictName } from './dump-text.js'
import { fileText, frameLine, placeLine } from './places.js'
import { printable, type Paint, type Style } from './terminal.js'
import { nextStepText } from './verdict-page.js'
import { truncate, wrap } from './wrap.js'

export interface VerdictTextOptions {
  readonly paint: Paint
  readonly width: number | null
  readonly cwd: string | null
  readonly excerpts: readonly SourceExcerpt[]
  /** What it waits for, as a sentence; null where it does not wait, or that is not known. */
  readonly waits: string | null
  /** What else has to be said before somebody relies on it. */
  readonly note?: string | null
  readonly verbose: boolean
}

const CHAIN_LINES = 6
const STYLES: Readonly<Record<Verdict['confidence'], Style>> = { high: 'red', medium: 'yellow', low: 'dim' }

export function verdictLines(verdict: Verdict, options: VerdictTextOptions): string[] {
  const { paint, width, waits } = options
  const style = verdict.kind === 'beating' ? 'green' : STYLES[verdict.confidence]
  const dim = (text: string): string[] => wrap(printable(text), { width }).map((line) => paint('dim', line))
  return [
    `${paint('bold', paint(style, verdictName(verdict)))}  confidence ${verdict.confidence}`,
    ...wrap(printable(verdict.summary), { width }),
    ...(verdict.signs.length === 0 ? [] : dim(`because ${verdict.signs.join('; ')}`)),
    ...placeLines(verdict, options),
    ...chainLines(verdict, options),
    ...(waits === null ? [] : ['', ...labelled('Waits for:', waits, options)]),
    '',
    ...(options.note == null ? [] : dim(options.note)),
    ...(verdict.refutedBy === '' ? [] : dim(`What would rule it out: ${verdict.refutedBy}`)),
    ...labelled('Next:', printable(nextStepText(verdict)), options),
  ]
}

/** Wrapped with the label, and only then painted: colours take no columns. */
function labelled(label: string, text: string, { paint, width }: VerdictTextOptions): string[] {
  const [first = '', ...others] = wrap(`${label} ${text}`, { width })
  return [first.replace(label, () => paint('bold', label)), ...others]
}

/** Code is cut, not wrapped: half a line of it below the other half reads as two. */
function fit(text: string, width: number | null, indent: number): string {
  return width === null ? text : truncate(text, width - indent)
}

function placeLines({ where }: Verdict, options: VerdictTextOptions): string[] {
  if (where === null) return []
  const { paint, cwd, excerpts, width } = options
  const lines = ['', `  ${paint('cyan', placeLine(where, cwd))}`]
  const excerpt = excerptAt(excerpts, where)
  if (excerpt?.lines == null) return lines
  const digits = String(excerpt.lines.at(-1)?.line ?? 0).length
  for (const each of excerpt.lines) {
    const number = String(each.line).padStart(digits)
    const text = `${each.here ? '>' : ' '} ${number} | ${printable(each.text.replaceAll('\t', '  '))}`
    lines.push(`  ${paint(each.here ? 'bold' : 'dim', fit(text, width, 2))}`)
  }
  if (excerpt.changed) {
    const file = fileText(excerpt.from.file, cwd)
    lines.push(paint('yellow', `  ${file} changed after the process started: these may not be the lines that ran`))
  }
  return lines
}

function chainLines(verdict: Verdict, { paint, cwd, verbose }: VerdictTextOptions): string[] {
  const { where } = verdict
  // The chain may begin with the place itself, which is printed above it.
  const callers = verdict.chain.filter(
    (frame) =>
      where === null || frame.file !== where.file || frame.line !== where.line || frame.column !== where.column,
  )
  const shown = verbose ? callers : callers.slice(0, CHAIN_LINES)
  const lines = shown.map((frame) => `    < ${frameLine(frame, cwd)}`)
  if (shown.length < callers.length) lines.push(paint('dim', `    < ${callers.length - shown.length} more (-v)`))
  return lines
}
