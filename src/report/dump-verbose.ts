/** Everything that a dump holds, as text: all verdicts, threads with one frame a line, awaits, sockets, clocks. */
import { formatDuration, plural } from '../model/amounts.js'
import type { Evidence, Look } from '../model/evidence.js'
import type { Frame } from '../model/frame.js'
import { requestLine, timerText } from '../model/open-work-phrases.js'
import type { ThreadStack } from '../model/thread.js'
import type { Verdict } from '../model/verdict.js'
import { workText } from '../model/work.js'
import { originOf } from '../source/origin.js'
import { awaitTreeLines } from './await-tree.js'
import { frameLine, placeLine } from './places.js'
import { printable, type Paint } from './terminal.js'

export function describeEverything(evidence: Evidence, verdicts: readonly Verdict[], paint: Paint): string[] {
  const look = evidence.looks.at(-1)
  const cwd = evidence.process.cwd
  return [
    ...section(
      paint,
      'Verdicts',
      verdicts.flatMap((verdict) => verdictBlock(verdict, cwd)),
    ),
    ...threadSection(evidence, paint),
    ...awaitSection(evidence, paint),
    ...section(
      paint,
      'Requests accepted and not ended',
      (look?.awaits?.requests ?? []).map(
        (request) => `  ${printable(requestLine(request))}${request.begun ? ', answer begun' : ''}`,
      ),
    ),
    ...section(paint, 'Timers', timerLines(look)),
    ...section(paint, 'Sockets', socketLines(look)),
    ...section(paint, 'Thread pool', poolLines(look)),
    ...section(
      paint,
      'Children',
      (look?.kernel?.children ?? []).map(
        (child) => `  ${child.pid} ${child.kernelState} ${formatDuration(child.ageMs)}  ${printable(child.command)}`,
      ),
    ),
    ...section(
      paint,
      'Clocks',
      (look?.clocks ?? []).map(
        (clock) =>
          `  ${printable(clock.name)}: ${plural(clock.beats, 'beat')}, the last ${formatDuration(clock.ageMs)} ago${clock.paused ? ', paused' : ''}`,
      ),
    ),
    ...section(paint, 'System', systemLines(look)),
    ...section(
      paint,
      'Unavailable',
      evidence.missing.map((each) => `  ${each.what}: ${printable(each.message)} (${each.why})`),
    ),
  ]
}

/** Every thread with its whole stack. */
export function threadSection({ looks, process }: Evidence, paint: Paint): string[] {
  const threads = looks.at(-1)?.threads ?? []
  return section(
    paint,
    'Threads',
    threads.flatMap((thread) => threadBlock(thread, process.cwd, paint)),
  )
}

/** The await tree, both ways up. */
export function awaitSection({ looks, process }: Evidence, paint: Paint): string[] {
  const awaits = looks.at(-1)?.awaits
  return section(paint, 'Awaits', awaits ? awaitTreeLines(awaits, process.cwd, paint) : [])
}

const TIMERS = 20

function timerLines(look: Look | undefined): string[] {
  const timers = look?.awaits?.timers ?? []
  const lines = timers
    .slice(0, TIMERS)
    .map((timer) => `  ${printable(timerText(timer))}${timer.referenced ? '' : ', does not keep the process alive'}`)
  return timers.length > TIMERS ? [...lines, `  and ${timers.length - TIMERS} more (--json has all)`] : lines
}

function section(paint: Paint, title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [paint('bold', title), ...lines, '']
}

function verdictBlock(verdict: Verdict, cwd: string | null): string[] {
  const name = verdict.cause === null ? verdict.kind : `${verdict.kind}/${verdict.cause}`
  return [
    `  ${name} (${verdict.confidence})${verdict.where === null ? '' : ` at ${placeLine(verdict.where, cwd)}`}`,
    `    ${printable(verdict.summary)}`,
    `    signs: ${printable(verdict.signs.join('; '))}`,
    `    evidence: ${verdict.evidence.join(' ')}`,
    ...verdict.chain.slice(1).map((frame) => `      < ${frameLine(frame, cwd)}`),
  ]
}

function threadBlock(thread: ThreadStack, cwd: string | null, paint: Paint): string[] {
  const call =
    thread.syscall === 'running' || thread.syscall == null
      ? ''
      : `  in ${thread.syscall.name}(${printable(thread.syscall.args.join(', '))})`
  const wchan = thread.wchan ? `  ${thread.wchan}` : ''
  const role = thread.role === 'unknown' || thread.role === thread.name ? '' : `  ${thread.role}`
  return [
    `  ${thread.tid} ${printable(thread.name)}${role}  ${thread.state}${call}${wchan}`,
    ...foldedFrames(thread.frames, cwd, paint),
    ...(thread.nativeCallee === undefined ? [] : [paint('dim', `      calls ${printable(thread.nativeCallee)}`)]),
    ...(thread.work === undefined ? [] : [paint('dim', `      work of ${printable(workText(thread.work))}`)]),
    ...(thread.note === undefined ? [] : [paint('dim', `      ${printable(thread.note)}`)]),
  ]
}

/** Node's own frames in a row are one line: they say little, and there are many. */
function foldedFrames(frames: readonly Frame[], cwd: string | null, paint: Paint): string[] {
  const lines: string[] = []
  let folded = 0
  const flush = (): void => {
    if (folded > 1) lines.push(paint('dim', `      ... ${folded} frames inside node`))
    folded = 0
  }
  for (const frame of frames) {
    const internal = !frame.native && originOf(frame.file) === 'node'
    if (internal && folded > 0) {
      folded++
      continue
    }
    flush()
    if (internal) folded = 1
    lines.push(`      ${frameLine(frame, cwd)}`)
    for (const local of frame.locals ?? [])
      lines.push(paint('dim', `          ${printable(`${local.name} = ${local.value}`)}`))
    if (frame.localsNote !== undefined) lines.push(paint('dim', `          (${frame.localsNote})`))
  }
  flush()
  return lines
}

function socketLines(look: Look | undefined): string[] {
  return (look?.kernel?.sockets ?? []).map((socket) => {
    const queues = `send ${socket.sendQueueBytes ?? '?'} receive ${socket.receiveQueueBytes ?? '?'}`
    const again = socket.retransmits > 0 ? `  retransmitted ${socket.retransmits}` : ''
    const last = socket.lastReceivedMs === null ? '' : `  last received ${formatDuration(socket.lastReceivedMs)} ago`
    return `  fd ${socket.fd ?? '-'} ${socket.family} ${socket.state} ${printable(socket.local)}${socket.peer === null ? '' : ` > ${socket.peer}`}  ${queues}${again}${last}`
  })
}

function poolLines(look: Look | undefined): string[] {
  const pool = look?.pool
  if (!pool) return []
  return [
    `  ${plural(pool.size, 'thread')}, ${pool.idle} idle, ${pool.queued.length} queued`,
    ...pool.running.map(
      (work) =>
        `  running ${work.kind} ${printable(work.what ?? '')}${work.tid === undefined ? '' : `  thread ${work.tid}`}${work.syscall === undefined ? '' : `  in ${work.syscall}`}`,
    ),
    ...pool.queued.slice(0, 20).map((work) => `  queued ${work.kind} ${printable(work.what ?? '')}`),
  ]
}

function systemLines(look: Look | undefined): string[] {
  const kernel = look?.kernel
  if (!kernel) return []
  const lines = [
    `  load ${kernel.loadAverage.join(' ')}  resident ${Math.round(kernel.residentBytes / 1_048_576)} MB  major faults ${kernel.majorFaults}`,
  ]
  const group = kernel.cgroup
  if (group !== null) {
    const quota = group.cpuQuota === null ? 'no CPU quota' : `CPU quota ${group.cpuQuota}`
    lines.push(
      `  cgroup v${group.version} ${printable(group.path)}: ${quota}, throttled ${Math.round(group.throttledMs)} ms in all`,
    )
  }
  if (kernel.nameservers !== null) lines.push(`  DNS ${kernel.nameservers.join(' ')}`)
  return lines
}
