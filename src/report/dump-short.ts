/**
 * What a dump shows of any process, whatever the verdict: what its main thread and its worker threads do, the oldest
 * pending awaits, and accepted requests that got no answer. A line each; `-v` has all.
 */
import { plural } from '../model/amounts.js'
import type { Frame } from '../model/frame.js'
import { requestLine } from '../model/open-work-phrases.js'
import type { PendingAwait, ProcessOverview, ThreadOverview } from '../model/overview.js'
import { originOf } from '../source/origin.js'
import { frameLine, placeLine } from './places.js'
import { printable, type Paint } from './terminal.js'
import { waitText } from './wait/wait-text.js'

const FRAMES = 5
const AWAITS = 5
const REQUESTS = 3
const WORKERS = 3

export interface ShortParts {
  readonly threads: boolean
  readonly awaits: boolean
}

/** `parts`: those that are told in full elsewhere are left out here. */
export function shortLines(overview: ProcessOverview, cwd: string | null, paint: Paint, parts: ShortParts): string[] {
  return [
    ...(parts.threads ? threadLines(overview, cwd, paint) : []),
    ...(parts.awaits ? awaitLines(overview, cwd, paint) : []),
    ...requestLines(overview, paint),
  ]
}

function threadLines({ main, workers }: ProcessOverview, cwd: string | null, paint: Paint): string[] {
  if (main === null) return []
  const lines = [
    `${paint('bold', 'Main thread:')} ${stateText(main, cwd)}`,
    ...frameLines(main.stack.frames, cwd, paint),
  ]
  for (const worker of workers.slice(0, WORKERS)) {
    lines.push(`${paint('bold', `Worker thread ${worker.stack.tid}:`)} ${stateText(worker, cwd)}`)
    lines.push(...frameLines(worker.stack.frames, cwd, paint).slice(0, 2))
  }
  const more = workers.length - WORKERS
  if (more > 0) lines.push(paint('dim', `  and ${plural(more, 'worker thread')} more (-v)`))
  return lines
}

/** `idle, waits for events`, `running, 97 % of a CPU, most of it seen in makeReport (reports.js:8)`. */
function stateText({ stack, cpuShare, turns, hottest }: ThreadOverview, cwd: string | null): string {
  const parts: string[] = [STATES[stack.state]]
  const call = stack.syscall !== 'running' && stack.state !== 'idle' ? (stack.syscall ?? null) : null
  if (call !== null) parts.push(`in ${printable(call.name)}(${printable(call.args.join(', '))})`)
  if (cpuShare !== null && cpuShare >= 0.05) {
    const where = hottest === null ? '' : `, most of it seen in ${placeLine(hottest, cwd)}`
    parts.push(`${Math.round(cpuShare * 100)} % of a CPU${where}`)
  }
  if (turns !== null && turns > 0) parts.push(`${plural(turns, 'turn')} of its event loop`)
  return parts.join(', ')
}

const STATES = {
  idle: 'idle, waits for events',
  running: 'running',
  sleeping: 'blocked',
  disk: 'blocked in the kernel, uninterruptible',
  stopped: 'stopped',
} as const

/** The innermost frames; node's own in a row are one line. */
function frameLines(frames: readonly Frame[], cwd: string | null, paint: Paint): string[] {
  const told = frames.filter((frame, index) => !isNode(frame) || !isNode(frames[index - 1]))
  const lines = told.slice(0, FRAMES).map((frame) => `    ${frameLine(frame, cwd)}`)
  if (told.length > FRAMES) lines.push(paint('dim', `    ... ${told.length - FRAMES} more (-v)`))
  return lines
}

function isNode(frame: Frame | undefined): boolean {
  return frame !== undefined && !frame.native && originOf(frame.file) === 'node'
}

function awaitLines({ pending }: ProcessOverview, cwd: string | null, paint: Paint): string[] {
  if (pending.length === 0) return []
  const lines = pending.slice(0, AWAITS).map((each) => `  ${pendingText(each, cwd)}`)
  if (pending.length > AWAITS) lines.push(paint('dim', `  and ${pending.length - AWAITS} more places (-v)`))
  return [paint('bold', 'Pending awaits:'), ...lines]
}

function pendingText({ node: { waitsFor }, place, count }: PendingAwait, cwd: string | null): string {
  const times = count > 1 ? `${count} x ` : ''
  const at = place === null ? 'unknown code' : placeLine(place, cwd)
  if (waitsFor === null) return `${times}${at}`
  return `${times}${at} waits for ${waitsFor.kind === 'unknown' ? 'something unknown: ' : ''}${waitText(waitsFor)}`
}

function requestLines({ requests }: ProcessOverview, paint: Paint): string[] {
  if (requests.length === 0) return []
  const lines = requests.slice(0, REQUESTS).map((request) => `  ${printable(requestLine(request))}`)
  if (requests.length > REQUESTS) lines.push(paint('dim', `  and ${requests.length - REQUESTS} more`))
  return [paint('bold', 'Accepted and not answered yet:'), ...lines]
}
