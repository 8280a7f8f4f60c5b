/** The Node processes of a machine, one line each. */
import { formatDuration, plural } from '../model/amounts.js'
import type { NodeProcess, ProcessList } from '../model/process-list.js'
import { printable, screenLines } from '../model/printable.js'
import { truncate } from './wrap.js'
import { wrapLines } from './wrap-lines.js'

const COMMAND_WIDTH = 100

/** `width`: columns of the terminal; null: commands as long as they are, up to a bound. */
export function renderProcesses(list: ProcessList, width: number | null = null): string {
  const hidden = hiddenNote(list)
  if (list.processes.length === 0) return `no Node process${hidden === '' ? '' : ` (${hidden})`}\n`
  const rows = [['PID', 'NODE', 'AGENT', 'STATE', 'COMMAND'], ...list.processes.map(rowOf)]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) =>
    row.map((cell, column) => (column < 4 ? cell.padEnd(widths[column] ?? 0) : cell)).join('  '),
  )
  const shown = width === null ? lines : lines.map((line) => truncate(line, width))
  return screenLines(hidden === '' ? shown : [...shown, ...wrapLines([`(${hidden})`], width)])
}

function rowOf(node: NodeProcess): string[] {
  const started = node.startedPid === undefined ? '' : `started ${node.startedPid}: `
  const command = `${started}${printable(node.command.join(' '))}`
  return [
    String(node.pid),
    `${node.node ?? '?'}${node.singleExecutable ? ' (packed)' : ''}`,
    node.agent ? 'yes' : '-',
    stateText(node),
    command.length > COMMAND_WIDTH ? `${command.slice(0, COMMAND_WIDTH - 1)}…` : command,
  ]
}

/** A loop that has not turned for less than this is just at work. */
const STUCK_AFTER_MS = 1000

function stateText({ state, wchan, loop }: NodeProcess): string {
  const stuckMs = loop?.stuckMs ?? 0
  const stuck = stuckMs < STUCK_AFTER_MS ? '' : `, no loop turn for ${formatDuration(stuckMs)}`
  return `${state}${wchan !== null && state === 'sleeping' ? ` (${wchan})` : ''}${stuck}`
}

function hiddenNote(list: ProcessList): string {
  if (list.hidden === 0) return ''
  return `not all can be seen: ${plural(list.hidden, 'process', 'processes')} may not be looked at${list.wayPast === undefined ? '' : `; ${list.wayPast}`}`
}
