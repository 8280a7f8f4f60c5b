/** `conductor-diag ps`: which Node processes there are, and what their main threads do. */
import type { Command } from 'commander'
import { findControlSocket } from '../platform/control/socket-place.js'
import { listNodeProcesses, type NodeProcess, type ProcessList } from '../investigate/list-processes.js'
import type { LoopState } from '../model/loop.js'
import { mainLoopState } from '../native/main-loop-state.js'
import { formatDuration } from '../model/amounts.js'
import { printJson, printOut } from './output.js'

export function register(program: Command): void {
  program
    .command('ps')
    .description('the Node processes that you may see: version, agent or not, state of the main thread')
    .option('--json', 'as JSON')
    .action((options: { json?: boolean }) => {
      const list = listProcesses()
      if (options.json) printJson(toJson(list))
      else printOut(renderProcesses(list))
    })
}

/** Shared with `dump` without a pid. */
export function listProcesses(): ProcessList {
  const untilMs = performance.now() + LOOPS_AT_MOST_MS
  return listNodeProcesses(hasAgent, (pid) => (performance.now() < untilMs ? loopOf(pid) : null))
}

/** 2 ms a process where the binary is known; a list of many unknown ones must not take for ever. */
const LOOPS_AT_MOST_MS = 3000

function loopOf(pid: number): LoopState | null {
  const answer = mainLoopState(pid)
  // Another user's process, or one that ends: the list shows the rest of it.
  return 'loop' in answer ? answer.loop : null
}

/** A socket where the agent makes one; whether it answers is asked by `dump`. */
function hasAgent(pid: number): boolean {
  try {
    const found = findControlSocket(pid)
    found?.dispose()
    return found !== null
  } catch {
    // Another user's, or gone by now: no agent that we could ask.
    return false
  }
}

function toJson(list: ProcessList): object {
  return { schema: 1, hidden: list.hidden, processes: list.processes }
}

const COMMAND_WIDTH = 100

export function renderProcesses(list: ProcessList): string {
  if (list.processes.length === 0) return `no Node process${hiddenNote(list)}\n`
  const rows = [['PID', 'NODE', 'AGENT', 'STATE', 'COMMAND'], ...list.processes.map(rowOf)]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) =>
    row.map((cell, column) => (column < 4 ? cell.padEnd(widths[column] ?? 0) : cell)).join('  '),
  )
  return `${lines.join('\n')}\n${hiddenNote(list) === '' ? '' : `${hiddenNote(list).trim()}\n`}`
}

function rowOf(node: NodeProcess): string[] {
  const command = node.command.join(' ')
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
  const how = process.geteuid?.() === 0 ? 'CAP_SYS_PTRACE is missing' : 'sudo shows them'
  return ` (not all can be seen: ${list.hidden} processes may not be looked at; ${how})`
}
