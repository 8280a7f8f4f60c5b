/** One moment of `watch`, as a screen of lines or as a single line. Pure. */
import type { Frame } from '../model/frame.js'
import type { ClockReading } from '../model/heartbeat.js'
import type { LiveMoment, LiveWait } from '../model/live-view.js'
import { originOf } from '../source/origin.js'
import { formatDuration } from '../model/amounts.js'
import { frameLine } from './places.js'
import { type Paint, printable, shorten } from './terminal.js'
import { waitText } from './wait/wait-text.js'

export interface LiveOptions {
  readonly paint: Paint
  /** Characters and lines of the terminal. */
  readonly columns: number
  readonly rows: number
  readonly cwd: string | null
  readonly title: string
}

/** A loop that has not turned for this long is shown in red. */
const LAG_BAD_MS = 1000
const LAG_SLOW_MS = 100
const MAX_FRAMES = 6

/** Lines that fit the terminal, the most important first. */
export function renderScreen(moment: LiveMoment, options: LiveOptions): string[] {
  const { paint, columns, rows } = options
  const lines = [
    paint('bold', fit(`${options.title}  ${moment.at.slice(11, 19)}`, columns)),
    loopLine(moment, paint),
    ...mainLines(moment, options),
  ]
  if (moment.clocks !== null) lines.push('', ...clockLines(moment, options))
  if (moment.waits !== null) lines.push('', ...waitLines(moment, options))
  for (const note of moment.notes) lines.push(paint('dim', fit(printable(note), columns)))
  // One line is left for the cursor: a full screen would scroll at every refresh.
  const room = Math.max(3, rows - 1)
  return lines.length <= room
    ? lines
    : [...lines.slice(0, room - 1), paint('dim', `... ${lines.length - room + 1} more lines`)]
}

/** For logs and pipes. */
export function renderLine(moment: LiveMoment, cwd: string | null): string {
  const parts = [moment.at, loopText(moment), mainText(moment, cwd)]
  for (const clock of moment.clocks ?? []) parts.push(clockText(clock))
  const [first, ...others] = moment.waits ?? []
  if (first) parts.push(`${waitLine(first, cwd)}${others.length === 0 ? '' : ` (+${others.length} more)`}`)
  if (moment.loop === null) parts.push(...moment.notes.map(printable))
  return parts.join(' | ')
}

function loopText({ loop, pool }: LiveMoment): string {
  if (loop === null) return 'loop ?'
  const rate = loop.turnsPerSecond === null ? '' : ` ${loop.turnsPerSecond} turns/s,`
  const busy =
    pool === null || pool.size === 0 ? '' : `, pool ${pool.size - pool.idle}/${pool.size} busy, ${pool.queued} queued`
  return `loop${rate} lag ${formatDuration(loop.lagMs)}${busy}`
}

function loopLine(moment: LiveMoment, paint: Paint): string {
  const text = loopText(moment)
  const lag = moment.loop?.lagMs ?? 0
  if (lag >= LAG_BAD_MS) return paint('red', `${text}: the loop does not turn`)
  return lag >= LAG_SLOW_MS ? paint('yellow', text) : text
}

function mainText({ main }: LiveMoment, cwd: string | null): string {
  if (main === null) return 'main ?'
  const top = main.frames.find((frame) => originOf(frame.file) === 'user') ?? main.frames[0]
  const at = top === undefined ? '' : ` in ${frameLine(top, cwd)}`
  const asleep = main.state !== 'idle' && main.state !== 'running'
  const call = asleep && main.syscall && main.syscall !== 'running' ? ` (${main.syscall.name})` : ''
  return `main ${main.state}${call}${at}`
}

function mainLines(moment: LiveMoment, { columns, cwd }: LiveOptions): string[] {
  const { main } = moment
  if (main === null || main.frames.length === 0) return [mainText(moment, cwd)]
  const call =
    main.syscall && main.syscall !== 'running' ? ` in ${main.syscall.name}(${main.syscall.args.join(', ')})` : ''
  const shown = main.frames.filter((frame) => originOf(frame.file) !== 'node').slice(0, MAX_FRAMES)
  const frames = shown.length > 0 ? shown : main.frames.slice(0, 1)
  return [
    fit(
      printable(`main ${main.state}${call}${main.nativeCallee === undefined ? '' : `, calls ${main.nativeCallee}`}`),
      columns,
    ),
    ...frames.map((frame) => fit(`  ${frameLine(frame, cwd)}`, columns)),
  ]
}

function clockText(clock: ClockReading): string {
  const name = printable(clock.name)
  if (clock.ended) return `${name} ended`
  if (clock.paused) return `${name} paused`
  const flight = clock.inFlightMs === null ? '' : `, poll in flight ${formatDuration(clock.inFlightMs)}`
  const answered = clock.lastSuccessMs === null ? '' : `, answered ${formatDuration(clock.lastSuccessMs)} ago`
  const slots = clock.slots === null ? '' : `, slots ${clock.slotsInUse ?? 0}/${clock.slots}`
  return `${name} beat ${formatDuration(clock.ageMs)} ago (${clock.beats})${flight}${answered}${slots}`
}

function clockLines(moment: LiveMoment, { paint, columns }: LiveOptions): string[] {
  const state = moment.agentState === null ? '' : `  agent ${moment.agentState}`
  const incident = moment.lastIncident === null ? '' : `  last incident ${moment.lastIncident}`
  return [
    paint('bold', `Clocks${state}${incident}`),
    ...(moment.clocks ?? []).map((clock) => fit(`  ${clockText(clock)}`, columns)),
  ]
}

function waitLine(wait: LiveWait, cwd: string | null): string {
  const times = wait.count === 1 ? '' : `${wait.count} x `
  const root = isSame(wait.root, wait.at) ? '' : `${frameName(wait.root)} > `
  const waits = wait.waitsFor === null ? '' : `: ${waitText(wait.waitsFor)}`
  return `${times}${root}${frameLine({ ...wait.at, async: false }, cwd)}${waits}`
}

function waitLines(moment: LiveMoment, { paint, columns, cwd }: LiveOptions): string[] {
  const waits = moment.waits ?? []
  const age = moment.waitsAgeMs === null || moment.waitsAgeMs < 1000 ? '' : `, ${formatDuration(moment.waitsAgeMs)} ago`
  const total = waits.reduce((sum, wait) => sum + wait.count, 0)
  return [
    paint('bold', `Waits (${total} suspended${age})`),
    ...waits.map((wait) => fit(`  ${waitLine(wait, cwd)}`, columns)),
  ]
}

function frameName(frame: Frame): string {
  return printable(frame.function ?? '(anonymous)')
}

function isSame(a: Frame, b: Frame): boolean {
  return a.function === b.function && a.file === b.file && a.line === b.line
}

function fit(text: string, columns: number): string {
  return shorten(text, Math.max(20, columns))
}
