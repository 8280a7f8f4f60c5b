/**
 * Incidents in a list: those of one cause are one row with a count, the newest of them shown. Fits 80 columns; the place
 * has a line of its own where there is no room beside the verdict.
 */
import type { Verdict } from '../model/verdict.js'
import { formatDuration, plural } from '../model/amounts.js'
import { fileText } from './places.js'
import { painter, printable, type Paint } from './terminal.js'
import { columnsOf, truncate } from './wrap.js'

export interface IncidentLine {
  readonly id: string
  readonly path: string
  readonly state: 'sealed' | 'partial'
  readonly createdAt: string
  readonly sizeBytes: number
  readonly service: string | null
  readonly pid: number | null
  readonly hostname: string | null
  readonly cwd: string | null
  readonly trigger: string | null
  readonly level: string | null
  readonly verdict: Pick<Verdict, 'kind' | 'cause' | 'confidence' | 'where' | 'summary'> | null
  readonly fingerprint: string | null
  /** The incident that captured the same silence first; null: this is the first. */
  readonly follows: string | null
  /** Why its manifest could not be read; null when it could. */
  readonly fault: string | null
  /** Where it was, or is to be, delivered. */
  readonly deliveries?: readonly DeliveryLine[]
}

export interface DeliveryLine {
  readonly destination: string
  readonly status: 'waiting' | 'delivered' | 'refused'
  /** Link, or what the destination calls it. */
  readonly link: string | null
  /** Why the last attempt failed. */
  readonly why: string | null
}

/** Incidents of one fingerprint, and what the first of them was followed by. */
export interface IncidentGroup {
  readonly newest: IncidentLine
  /** Distinct silences: a second capture of one is not another incident. */
  readonly times: number
  /** ISO 8601, of the oldest. */
  readonly since: string
  readonly processes: number
  readonly ids: readonly string[]
}

export interface IncidentListOptions {
  readonly color: boolean
  /** ms since the epoch. */
  readonly now: number
  /** Columns of the terminal; null: as long as the lines are. */
  readonly width: number | null
  /** Characters of an id that tell it from all others in these folders. */
  readonly idLength: number
}

/** Newest first, as the lines are. */
export function groupIncidents(lines: readonly IncidentLine[]): IncidentGroup[] {
  const silences = new Map<string, IncidentLine[]>()
  // One that can't be read has a row of its own: it must not hide behind one that can.
  for (const line of lines)
    addTo(silences, line.fault === null ? (line.follows ?? line.id) : `unreadable ${line.id}`, line)
  const byCause = new Map<string, IncidentLine[][]>()
  for (const captures of silences.values()) {
    const [newest] = captures
    if (newest === undefined) continue
    // The later capture of a silence knows more, and may have another verdict: it stands for both.
    addTo(byCause, newest.fingerprint ?? newest.id, captures)
  }
  return [...byCause.values()].map((group) => {
    const all = group.flat().toSorted((a, b) => (a.id < b.id ? 1 : -1))
    const [newest] = all
    if (newest === undefined) throw new TypeError('a group has incidents')
    return {
      newest,
      times: group.length,
      since: all.at(-1)?.createdAt ?? newest.createdAt,
      processes: new Set(all.map((line) => `${line.hostname} ${line.pid}`)).size,
      ids: all.map((line) => line.id),
    }
  })
}

function addTo<V>(map: Map<string, V[]>, key: string, value: V): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}

/** The least characters that tell these ids apart; six at least, since people read them out to each other. */
export function uniqueIdLength(ids: readonly string[]): number {
  const sorted = [...new Set(ids)].sort()
  let length = 6
  for (const [i, id] of sorted.entries()) {
    const next = sorted[i + 1] ?? ''
    let same = 0
    while (same < id.length && id[same] === next[same]) same++
    length = Math.max(length, Math.min(26, same + 1))
  }
  return length
}

const GAP = '  '

export function renderIncidentList(groups: readonly IncidentGroup[], options: IncidentListOptions): string {
  const paint = painter(options.color)
  const rows = groups.map((group) => ({ cells: cellsOf(group.newest, options), group }))
  const heads = ['ID', 'AGE', 'PID', 'TRIGGER', 'VERDICT']
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map(({ cells }) => columnsOf(cells[i] ?? ''))))
  const taken = widths.reduce((sum, width) => sum + width + GAP.length, 0)
  // Beside the verdict when a usual place fits there.
  const beside = options.width === null || options.width - taken >= 40
  const fit = (text: string, at: number): string => (options.width === null ? text : truncate(text, options.width - at))
  const padded = (cells: readonly string[]): string[] =>
    cells.map((cell, i) => cell + ' '.repeat(Math.max(0, (widths[i] ?? 0) - columnsOf(cell))))
  const head = padded(heads).join(GAP) + (beside ? `${GAP}PLACE` : '')
  const lines = rows.flatMap(({ cells, group }) => {
    const [id = '', age = '', pid = '', trigger = '', verdict = ''] = padded(cells)
    const style = group.newest.fault === null ? 'cyan' : 'red'
    const place = placeText(group.newest)
    const indent = options.idLength + GAP.length
    const row = [id, age, pid, trigger, paint(style, fit(verdict, taken - (widths[4] ?? 0) - GAP.length))].join(GAP)
    return [
      (beside ? `${row}${GAP}${fit(place, taken)}` : row).trimEnd(),
      ...(beside || place === '' ? [] : [' '.repeat(indent) + fit(place, indent)]),
      ...timesLines(group, options, paint, indent),
      ...deliveryLines(group.newest, paint, indent),
    ]
  })
  return `${[paint('bold', head.trimEnd()), ...lines].join('\n')}\n`
}

function cellsOf(line: IncidentLine, { now, idLength }: IncidentListOptions): string[] {
  const trigger = line.trigger === null ? '-' : printable(line.trigger)
  return [
    line.id.slice(0, idLength),
    formatDuration(Math.max(0, now - Date.parse(line.createdAt))),
    line.pid === null || line.pid === 0 ? '-' : String(line.pid),
    line.level === 'stall' ? `${trigger}!` : trigger,
    verdictText(line),
  ]
}

function timesLines(
  group: IncidentGroup,
  { now, idLength }: IncidentListOptions,
  paint: Paint,
  indent: number,
): string[] {
  if (group.ids.length === 1) return []
  const times = group.times > 1 ? `${group.times} times since ${dayText(group.since, now)}` : 'one silence'
  const captures = group.ids.length > group.times ? `, ${plural(group.ids.length, 'capture')}` : ''
  const processes = group.processes > 1 ? `, ${group.processes} processes` : ''
  const others = group.ids.slice(1, 4).map((id) => id.slice(0, idLength))
  const more = group.ids.length > 4 ? ', ...' : ''
  return [paint('dim', `${' '.repeat(indent)}${times}${captures}${processes}: ${others.join(', ')}${more}`)]
}

/** Whole, however narrow the terminal: a link that was cut leads nowhere. */
function deliveryLines({ deliveries = [] }: IncidentLine, paint: Paint, indent: number): string[] {
  return deliveries.map(({ destination, status, link, why }) => {
    const reason = why === null ? '' : `: ${printable(why)}`
    const said = status === 'delivered' ? printable(link ?? status) : `${status}${reason}`
    return paint(status === 'refused' ? 'red' : 'dim', `${' '.repeat(indent)}${printable(destination)} -> ${said}`)
  })
}

/** `Tue` within a week, `24 Nov` before. */
function dayText(iso: string, now: number): string {
  const date = new Date(iso)
  if (Number.isNaN(date.getTime())) return 'an unknown day'
  // By hand: loading the rules of languages takes longer than reading a hundred bundles.
  const hour = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`
  if (now - date.getTime() < 6 * 86_400_000) return `${DAYS[date.getUTCDay()] ?? ''} ${hour}`
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()] ?? ''}`
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

function two(number: number): string {
  return String(number).padStart(2, '0')
}

function verdictText(line: IncidentLine): string {
  if (line.fault !== null) return 'unreadable'
  if (line.state === 'partial') return '(not sealed)'
  if (line.verdict === null) return '(none)'
  const { kind, cause } = line.verdict
  return printable(cause === null ? kind : `${kind}/${cause}`)
}

/** Of one that can't be read the reason: there is room for it. */
function placeText(line: IncidentLine): string {
  if (line.fault !== null) return printable(line.fault)
  const where = line.verdict?.where
  if (!where) return ''
  const source = where.source ?? where
  return `${printable(where.function ?? '(anonymous)')} ${fileText(source.file, line.cwd)}:${source.line}`
}
