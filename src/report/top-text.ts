/** One moment of `top`, as a screen of lines or as a single line. Pure. */
import { formatDuration, plural } from '../model/amounts.js'
import type { TopFunction, TopMoment, TopOrder, TopThread } from '../model/top.js'
import { fileText } from './places.js'
import { type Paint, printable, shorten } from './terminal.js'

export interface TopOptions {
  readonly paint: Paint
  /** Characters and lines of the terminal. */
  readonly columns: number
  readonly rows: number
  readonly cwd: string | null
  readonly title: string
  readonly order: TopOrder
  readonly frozen: boolean
}

const TITLES: Readonly<Record<TopOrder, string>> = {
  own: '%own',
  total: '%total',
  'own-time': 'own',
  'total-time': 'total',
}
const KEYS = 'o own  t total  O own time  T total time  d thread  space freeze  r from zero  q quit'
/** How many functions a line tells of. */
const IN_A_LINE = 3

/** Lines that fit the terminal. */
export function renderTop(moment: TopMoment, options: TopOptions): string[] {
  const { paint, columns, rows, order } = options
  const fit = (text: string): string => shorten(text, Math.max(20, columns))
  const head = [
    paint('bold', fit(`${options.title}  ${moment.at.slice(11, 19)}${options.frozen ? '  frozen' : ''}`)),
    fit(`${samplesText(moment)}  ${threadTexts(moment).join('  ')}`),
    paint('dim', fit(KEYS)),
    fit(`functions of ${moment.tid === null ? 'all threads' : `thread ${moment.tid}`}, by ${TITLES[order]}`),
    paint('bold', fit(row('%own', '%total', 'own', 'total', 'function'))),
  ]
  // One line is left for the cursor: a full screen would scroll at every refresh.
  const room = Math.max(1, rows - 1 - head.length)
  const shown = moment.functions.filter(({ ownMs, totalMs }) => ownMs + totalMs > 0).slice(0, room)
  return [...head, ...shown.map((each) => fit(functionRow(each, options.cwd)))]
}

/** For logs and pipes. */
export function renderTopLine(moment: TopMoment, cwd: string | null): string {
  const hot = moment.functions.filter((each) => each.ownShare > 0).slice(0, IN_A_LINE)
  const functions = hot.map((each) => `${percent(each.ownShare)} ${nameText(each, cwd)}`)
  return [moment.at, samplesText(moment), ...threadTexts(moment), ...functions].join(' | ')
}

function samplesText({ samples, missed }: TopMoment): string {
  return `${plural(samples, 'sample')}${missed === 0 ? '' : `, ${plural(missed, 'turn')} missed`}`
}

function threadTexts({ stopped, threads }: TopMoment): string[] {
  return stopped ? ['stopped by a signal or a debugger'] : threads.map(threadText)
}

function threadText({ tid, role, idleShare, collectingShare }: TopThread): string {
  const busy = percent(1 - idleShare)
  const collecting = collectingShare === 0 ? '' : `, ${percent(collectingShare)} collecting garbage`
  return `${role} ${tid} ${busy} busy${collecting}`
}

function functionRow(each: TopFunction, cwd: string | null): string {
  return row(
    percent(each.ownShare),
    percent(each.totalShare),
    formatDuration(each.ownMs),
    formatDuration(each.totalMs),
    nameText(each, cwd),
  )
}

function nameText({ function: name, file, probableShare }: TopFunction, cwd: string | null): string {
  const place = file === null ? '' : ` (${fileText(file, cwd)})`
  return `${printable(name)}${place}${probableShare > 0.5 ? '  (probable)' : ''}`
}

function row(own: string, total: string, ownTime: string, totalTime: string, name: string): string {
  return `${own.padStart(6)} ${total.padStart(6)} ${ownTime.padStart(8)} ${totalTime.padStart(8)}  ${name}`
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
