/** The Node processes of a machine, one line each. */
import path from 'node:path'
import { formatDuration, plural } from '../model/amounts.js'
import type { NodeProcess, ProcessList } from '../model/process-list.js'
import { printable, screenLines } from '../model/printable.js'
import { truncate } from './wrap.js'
import { wrapLines } from './wrap-lines.js'

const COMMAND_WIDTH = 100
/** With less room than this no command can be told from another. */
const LEAST_COMMAND_WIDTH = 32
const GAP = 2

/** `width`: columns of the terminal; null: commands as long as they are, up to a bound. */
export function renderProcesses(list: ProcessList, width: number | null = null): string {
  const hidden = hiddenNote(list)
  if (list.processes.length === 0) return `no Node process${hidden === '' ? '' : ` (${hidden})`}\n`
  const whole = factRows(list, stateText)
  const room = roomBeside(whole, width)
  const rows = room < LEAST_COMMAND_WIDTH ? factRows(list, shortStateText) : whole
  const widths = widthsOf(rows)
  const commands = ['COMMAND', ...list.processes.map((each) => commandText(each, roomBeside(rows, width)))]
  const lines = rows.map((row, index) =>
    [...row.map((cell, column) => cell.padEnd(widths[column] ?? 0)), commands[index] ?? ''].join(' '.repeat(GAP)),
  )
  const shown = width === null ? lines : lines.map((line) => truncate(line, width))
  return screenLines(hidden === '' ? shown : [...shown, ...wrapLines([`(${hidden})`], width)])
}

/** All but the command. */
function factRows({ processes }: ProcessList, state: (node: NodeProcess) => string): string[][] {
  const rows = processes.map((node) => [
    String(node.pid),
    `${node.node ?? '?'}${node.singleExecutable ? ' (packed)' : ''}`,
    node.agent ? 'yes' : '-',
    state(node),
  ])
  return [['PID', 'NODE', 'AGENT', 'STATE'], ...rows]
}

function widthsOf(rows: readonly (readonly string[])[]): number[] {
  return [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
}

function roomBeside(rows: readonly (readonly string[])[], width: number | null): number {
  if (width === null) return COMMAND_WIDTH
  return width - widthsOf(rows).reduce((sum, each) => sum + each + GAP, 0)
}

/**
 * Where it would be cut, preloads are left out and paths shortened first: the script is what tells one worker from
 * another.
 */
function commandText({ startedPid, command }: NodeProcess, room: number): string {
  const started = startedPid === undefined ? '' : `started ${startedPid}: `
  const whole = `${started}${printable(command.join(' '))}`
  if (whole.length <= room) return whole
  const [program = '', ...words] = command
  const telling = words.filter((word, index) => !PRELOAD.test(word) && !PRELOAD.test(words[index - 1] ?? ''))
  return truncate(`${started}${printable([path.basename(program), ...telling.map(shortPath)].join(' '))}`, room)
}

/** These take the next word. */
const PRELOAD = /^(?:-r|--require|--import|--loader|--experimental-loader)$/

/** `/srv/app/dist/index.js` is `…/dist/index.js`. */
function shortPath(word: string): string {
  return /^(?:\/[^/\s]+){3,}$/.test(word)
    ? `…${word
        .split('/')
        .slice(-2)
        .map((part) => `/${part}`)
        .join('')}`
    : word
}

/** A loop that has not turned for less than this is just at work. */
const STUCK_AFTER_MS = 1000

function stateText(node: NodeProcess): string {
  const { state, wchan } = node
  const stuck = stuckText(node)
  return `${state}${wchan !== null && state === 'sleeping' ? ` (${wchan})` : ''}${stuck === null ? '' : `, ${stuck}`}`
}

/** For a narrow screen: that a loop stands still says more than what its thread does. */
function shortStateText(node: NodeProcess): string {
  return stuckText(node) ?? node.state
}

function stuckText({ loop }: NodeProcess): string | null {
  const stuckMs = loop?.stuckMs ?? 0
  return stuckMs < STUCK_AFTER_MS ? null : `no loop turn for ${formatDuration(stuckMs)}`
}

function hiddenNote(list: ProcessList): string {
  if (list.hidden === 0) return ''
  return `not all can be seen: ${plural(list.hidden, 'process', 'processes')} may not be looked at${list.wayPast === undefined ? '' : `; ${list.wayPast}`}`
}
