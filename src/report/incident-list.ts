/** Many incidents, one line each. */
import Table from 'cli-table3'
import type { Verdict } from '../model/verdict.js'
import { formatBytes, formatDuration } from '../model/amounts.js'
import { painter, printable, shorten } from './terminal.js'

export interface IncidentLine {
  readonly id: string
  readonly path: string
  readonly state: 'sealed' | 'partial'
  readonly createdAt: string
  readonly sizeBytes: number
  readonly service: string | null
  readonly pid: number | null
  readonly trigger: string | null
  readonly verdict: Pick<Verdict, 'kind' | 'cause' | 'confidence' | 'where' | 'summary'> | null
  readonly fingerprint: string | null
  /** Why its manifest could not be read; null when it could. */
  readonly fault: string | null
}

export interface IncidentListOptions {
  readonly color: boolean
  /** ms since the epoch. */
  readonly now: number
}

export function renderIncidentList(lines: readonly IncidentLine[], options: IncidentListOptions): string {
  const paint = painter(options.color)
  const table = plainTable(['ID', 'AGE', 'SERVICE', 'VERDICT', 'PLACE', 'SIZE'].map((head) => paint('bold', head)))
  for (const line of lines) {
    table.push([
      line.id,
      formatDuration(Math.max(0, options.now - Date.parse(line.createdAt))),
      printable(line.service ?? '-'),
      paint(line.fault === null ? 'cyan' : 'red', shorten(verdictText(line), 60)),
      shorten(placeText(line), 60),
      formatBytes(line.sizeBytes),
    ])
  }
  return tableText(table)
}

function verdictText(line: IncidentLine): string {
  if (line.fault !== null) return `unreadable: ${printable(line.fault)}`
  if (line.state === 'partial') return '(not sealed)'
  if (line.verdict === null) return '(none)'
  return line.verdict.cause === null ? line.verdict.kind : `${line.verdict.kind}/${line.verdict.cause}`
}

function placeText(line: IncidentLine): string {
  const where = line.verdict?.where
  if (!where) return '-'
  const source = where.source ?? where
  return printable(`${where.function ?? '(anonymous)'} ${source.file}:${source.line}`)
}

/** Columns without borders: easy to read, easy to cut. */
export function plainTable(head: readonly string[]): InstanceType<typeof Table> {
  const none = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '' }
  const rest = { 'bottom-left': '', 'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '' }
  return new Table({
    head: [...head],
    chars: { ...none, ...rest, right: '', 'right-mid': '', middle: '  ' },
    // Colours are this project's own, so that NO_COLOR holds.
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  })
}

export function tableText(table: InstanceType<typeof Table>, indent = ''): string {
  const lines = table.toString().split('\n')
  return `${lines.map((line) => indent + line.trimEnd()).join('\n')}\n`
}
