/** What moved between two looks, for a person: what changed first, what is the same as a count. */
import { formatBytes, formatDuration, plural } from '../../model/amounts.js'
import { verdictName } from '../dump-text.js'
import { placeLine } from '../places.js'
import { painter, printable, type Paint } from '../terminal.js'
import { wrap } from '../wrap.js'
import type {
  AwaitDiff,
  Change,
  Changed,
  ClockDiff,
  DiffPoint,
  IncidentDiff,
  SocketDiff,
  SocketFacts,
  ThreadDiff,
} from './compare-looks.js'

export interface DiffTextOptions {
  readonly color: boolean
  readonly verbose: boolean
  /** Columns of the terminal; null: as long as the lines are. */
  readonly width: number | null
}

/** Of each part, unless everything is wanted. */
const MAX_LINES = 20

interface Line {
  readonly change: Change
  readonly text: string
  /** Worth a line of its own though nothing changed. */
  readonly telling?: boolean
}

export function renderDiff(diff: IncidentDiff, options: DiffTextOptions): string {
  const paint = painter(options.color)
  const part = (head: string, lines: readonly Line[] | null): string[] => [
    '',
    paint('bold', head),
    ...(lines === null ? ['  not in both of them'] : partLines(lines, paint, options)),
  ]
  const lines = [
    ...headLines(diff, paint, options.width),
    ...part('Clocks', diff.clocks?.map((each) => clockLine(each)) ?? null),
    ...part('Threads', diff.threads?.map((each) => threadLine(each, diff)) ?? null),
    ...part('Awaits', diff.awaits?.map((each) => awaitLine(each)) ?? null),
    ...part('Sockets', diff.sockets?.map((each) => socketLine(each)) ?? null),
  ]
  return `${lines.join('\n')}\n`
}

function headLines(diff: IncidentDiff, paint: Paint, width: number | null): string[] {
  const { before, after, apartMs, sameProcess } = diff
  const apart = `${formatDuration(Math.abs(apartMs))} ${apartMs < 0 ? 'earlier' : 'later'}`
  const who = sameProcess ? `the same process ${after.pid}` : `processes ${before.pid} and ${after.pid}`
  const of = (point: DiffPoint): string => `${point.incident} look ${point.look}`
  const then = before.incident === after.incident ? `look ${after.look}` : of(after)
  const verdicts = diff.sameVerdict
    ? `${verdictText(after)}${before.incident === after.incident ? '' : ', as before'}`
    : `${verdictText(before)} -> ${verdictText(after)}`
  return [
    ...wrap(`${paint('bold', `${of(before)} -> ${then}`)}, ${apart}, ${who}`, { width, rest: '  ' }),
    ...wrap(`${paint('bold', 'Verdict')}  ${verdicts}`, { width, rest: '  ' }),
  ]
}

function verdictText({ verdict }: DiffPoint): string {
  if (verdict === null) return 'none'
  const where = verdict.where === null ? '' : ` at ${placeLine(verdict.where, null)}`
  return `${printable(verdictName(verdict))} (${printable(verdict.confidence)})${where}`
}

const WORDS: Readonly<Record<Change, string>> = { new: 'new', gone: 'gone', changed: 'moved', same: 'same' }
const STYLES = { new: 'green', gone: 'red', changed: 'yellow', same: 'dim' } as const
const ORDER: readonly Change[] = ['changed', 'new', 'gone', 'same']

function partLines(all: readonly Line[], paint: Paint, { verbose, width }: DiffTextOptions): string[] {
  const wanted = all
    .filter((line) => verbose || line.change !== 'same' || line.telling === true)
    .toSorted((a, b) => ORDER.indexOf(a.change) - ORDER.indexOf(b.change))
  const shown = verbose ? wanted : wanted.slice(0, MAX_LINES)
  const alike = all.filter((line) => line.change === 'same' && !shown.includes(line)).length
  const more = wanted.length - shown.length
  const texts = shown.flatMap(({ change, text }) => {
    const [first = '', ...rest] = wrap(text, { width, first: `  ${WORDS[change].padEnd(5)}  `, rest: '         ' })
    const at = 2 + WORDS[change].length
    return [`  ${paint(STYLES[change], WORDS[change])}${first.slice(at)}`, ...rest]
  })
  if (more > 0) texts.push(`  and ${more} more (-v)`)
  if (alike > 0)
    texts.push(
      paint('dim', `  ${alike < all.length ? `${alike} more` : alike === 1 ? 'the one' : `all ${alike}`} as before`),
    )
  return texts.length === 0 ? ['  none'] : texts
}

function clockLine({ clock, change, before, after, beats }: ClockDiff): Line {
  const name = printable(clock)
  if (before === null || after === null) return { change, text: name }
  const silent = `silent for ${formatDuration(before.ageMs)}, then ${formatDuration(after.ageMs)}`
  const said = beats === null ? '' : beats === 0 ? 'not one beat between them, ' : `${plural(beats, 'beat')}, `
  return { change, telling: true, text: `${name}: ${said}${silent}` }
}

function threadLine({ thread, change, before, after, cpuMs, turns }: ThreadDiff, { sameProcess }: IncidentDiff): Line {
  const name = printable(thread)
  const at = (side: ThreadDiff['before']): string =>
    side === null ? '' : `${printable(side.state)}${side.frames[0] === undefined ? '' : ` in ${side.frames[0]}`}`
  const did = [
    ...(cpuMs === null ? [] : [`${formatDuration(Math.max(0, cpuMs))} of CPU`]),
    ...(turns === null ? [] : [plural(turns, 'turn')]),
  ]
  const worked = did.length === 0 ? '' : ` (${did.join(', ')})`
  const same = before !== null && after !== null && at(before) === at(after)
  const places =
    before === null || after === null ? at(after ?? before) : same ? at(after) : `${at(before)} -> ${at(after)}`
  const below = same && change === 'changed' ? ', with other callers' : ''
  return { change, telling: name.startsWith('main thread') && sameProcess, text: `${name}: ${places}${below}${worked}` }
}

function awaitLine({ place, change, before, after, awaitedBy }: AwaitDiff): Line {
  const counts = countsText(before?.count ?? null, after?.count ?? null)
  const waits = after?.waitsFor || before?.waitsFor || ''
  const by = awaitedBy.at(-1)
  const root = by === undefined ? '' : `, awaited by ${by}`
  // Functions of Node's own that stay are on the way from those that do not belong to it.
  const telling = !place.includes('(node:')
  return { change, telling, text: `${counts}${place}${root}${waits === '' ? '' : `, waits for ${waits}`}` }
}

function countsText(before: number | null, after: number | null): string {
  if (before !== null && after !== null && before !== after) return `${before} -> ${after} × `
  const count = after ?? before ?? 1
  return count === 1 ? '' : `${count} × `
}

function socketLine({ socket, change, before, after }: SocketDiff): Line {
  const state = ({ states, sendQueueBytes, receiveQueueBytes }: SocketFacts): string =>
    [
      printable(states.join(' and ')),
      ...(sendQueueBytes > 0 ? [`${formatBytes(sendQueueBytes)} to send`] : []),
      ...(receiveQueueBytes > 0 ? [`${formatBytes(receiveQueueBytes)} not read`] : []),
    ].join(', ')
  const counts = countsText(before?.count ?? null, after?.count ?? null)
  return { change, text: `${counts}${printable(socket)}: ${arrow({ before, after, change }, state)}` }
}

function arrow<T>({ before, after }: Changed<T>, text: (side: T) => string): string {
  if (before === null || after === null) return before === null ? (after === null ? '' : text(after)) : text(before)
  return text(before) === text(after) ? text(after) : `${text(before)} -> ${text(after)}`
}
