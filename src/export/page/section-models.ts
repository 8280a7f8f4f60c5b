/** What the sections of the page show: sentences and rows, as text that the templates escape. */
import { formatBytes, formatDuration, plural } from '../../model/amounts.js'
import type { Evidence } from '../../model/evidence.js'
import type { Frame } from '../../model/frame.js'
import type { IncidentManifest } from '../../model/incident.js'
import { printable } from '../../model/printable.js'
import { excerptAt } from '../../model/source-excerpt.js'
import type { VerdictPlace } from '../../model/verdict.js'
import { verdictName } from '../../report/dump-text.js'
import { agoText, lastMinutes } from '../../report/last-minutes.js'
import { frameLine, placeLine } from '../../report/places.js'
import { type ReportedIncident, waitOf } from '../../report/reported-incident.js'
import { nextStepText } from '../../report/verdict-page.js'
import { attempt } from '../attempt.js'

const MAX_TASKS = 50
const MAX_FRAMES = 100
const MAX_THREADS = 100
const MAX_ROWS = 300

export function kickerOf({ id, createdAt, process }: IncidentManifest): string {
  const who = [process.service, process.version].filter(Boolean).join(' ')
  const host = process.hostname === '' ? '' : ` on ${process.hostname}`
  return printable([who, `pid ${process.pid}${host}`, createdAt, `incident ${id}`].filter(Boolean).join(' · '))
}

export function verdictModel(incident: ReportedIncident, notes: readonly string[]): object | null {
  const { manifest, evidence } = incident
  const [main, ...others] = manifest.verdicts
  if (main === undefined) return null
  const changed = manifest.cost.endedOnAttach
    ? ['The stall ended when the inspector was attached: looking may have ended it.']
    : []
  return {
    next: printable(nextStepText(main)),
    notes: [...notes, ...changed],
    waits: attempt(() => waitOf(evidence, main), null),
    signs: main.signs.map(printable),
    refuted: printable(main.refutedBy),
    tasks: attempt(() => taskTexts(evidence), []),
    others: others.map((each) => ({
      name: printable(verdictName(each)),
      confidence: each.confidence,
      summary: printable(each.summary),
    })),
  }
}

function taskTexts(evidence: Evidence | null): string[] {
  const tasks = (evidence?.tasks ?? []).toSorted((a, b) => b.ageMs - a.ageMs).slice(0, MAX_TASKS)
  return tasks.map((task) => {
    const limit = task.responseTimeoutMs === null ? '' : `, response time-out ${formatDuration(task.responseTimeoutMs)}`
    return printable(`Task ${task.taskId} of ${task.clock}, for ${formatDuration(task.ageMs)}${limit}`)
  })
}

export function codeModel({ manifest, excerpts }: ReportedIncident): object | null {
  const [main] = manifest.verdicts
  if (main === undefined) return null
  const { cwd } = manifest.process
  const { where } = main
  const frames = main.chain
    .filter((frame) => where === null || frame.file !== where.file || frame.line !== where.line)
    .slice(0, MAX_FRAMES)
  const entry = (by: string, text: string, place: VerdictPlace | Frame): object => {
    const excerpt = excerptAt(excerpts, place)
    const lines = excerpt?.lines ?? null
    const digits = String(lines?.at(-1)?.line ?? 0).length
    return {
      by,
      text,
      line: place.line,
      changed: excerpt?.changed === true && lines !== null,
      lines: lines?.map((each) => ({
        here: each.here,
        text: `${String(each.line).padStart(digits)}  ${printable(each.text.replaceAll('\t', '  '))}`,
      })),
    }
  }
  const all = [
    ...(where === null ? [] : [entry('in', placeLine(where, cwd), where)]),
    ...frames.map((frame) =>
      entry(frame.async ? 'awaited by' : 'called by', frameLine({ ...frame, async: false }, cwd), frame),
    ),
  ]
  return all.length === 0 ? null : { frames: all }
}

function table(label: string, heads: readonly string[], rows: readonly (readonly string[])[]): object | null {
  if (rows.length === 0) return null
  const more = rows.length > MAX_ROWS ? `${plural(rows.length - MAX_ROWS, 'more row')} in the bundle.` : null
  return { label, heads, rows: rows.slice(0, MAX_ROWS).map((row) => row.map(printable)), more }
}

export function clocksModel({ manifest }: ReportedIncident): object | null {
  const rows = manifest.clocks.map((clock) => [
    clock.name,
    formatDuration(clock.ageMs),
    String(clock.beats),
    clock.inFlightMs === null ? '-' : formatDuration(clock.inFlightMs),
    clock.lastSuccessMs === null ? '-' : `${formatDuration(clock.lastSuccessMs)} ago`,
    clock.slots === null ? '-' : `${clock.slotsInUse ?? '?'} of ${clock.slots}`,
    clock.ended ? 'ended' : clock.paused ? 'paused' : '-',
  ])
  return table('Clocks', ['Clock', 'Silent', 'Beats', 'Poll in flight', 'Last answer', 'Slots', 'State'], rows)
}

export function minutesModel(incident: ReportedIncident): object | null {
  const told = lastMinutes(incident)
  if (told === null) return null
  const rows = told.events.map(({ agoMs, text }) => [agoText(agoMs), text])
  const model = table('The last minutes', ['Before the last look', 'What happened'], rows)
  return model === null ? null : { ...model, more: told.note ?? undefined }
}

export function threadsModel({ evidence, manifest }: ReportedIncident): object | null {
  const threads = evidence?.looks.at(-1)?.threads ?? []
  if (threads.length === 0) return null
  const shown = threads.slice(0, MAX_THREADS).map((thread) => ({
    name: printable(thread.role === 'main' ? 'main thread' : `${thread.role} ${thread.name}`),
    facts: printable(
      [`tid ${thread.tid}`, thread.state, thread.vmState, thread.wchan ?? null, plural(thread.frames.length, 'frame')]
        .filter(Boolean)
        .join(', '),
    ),
    open: thread.role === 'main' && thread.frames.length > 0,
    frames: thread.frames.slice(0, MAX_FRAMES).map((frame) => frameLine(frame, manifest.process.cwd)),
  }))
  const left = threads.length - shown.length
  return { threads: shown, more: left > 0 ? `${plural(left, 'more thread')} in threads.json.` : null }
}

export function socketsModel({ evidence }: ReportedIncident): object | null {
  const sockets = evidence?.looks.at(-1)?.kernel?.sockets ?? []
  const rows = sockets.map((socket) => [
    socket.fd === null ? '-' : String(socket.fd),
    socket.family,
    socket.local,
    socket.peer ?? '-',
    socket.state,
    `${socket.sendQueueBytes} / ${socket.receiveQueueBytes}`,
    socket.lastReceivedMs === null ? '-' : `${formatDuration(socket.lastReceivedMs)} ago`,
  ])
  return table('Sockets', ['fd', 'Family', 'Local', 'Peer', 'State', 'Bytes to send / to read', 'Last received'], rows)
}

export function missingModel({ manifest }: ReportedIncident): object | null {
  if (manifest.missing.length === 0) return null
  // One advice for a dozen parts is given once, with the last of them.
  const last = new Map(manifest.missing.map(({ help, name }) => [help, name]))
  const items = manifest.missing.map(({ name, message, code, help }) =>
    printable(`${name}: ${message} (${code})${help === '' || last.get(help) !== name ? '' : `. ${help}`}`),
  )
  return { facts: [], items }
}

export function filesModel({ manifest }: ReportedIncident): object | null {
  const rows = manifest.artifacts.map(({ name, sizeBytes, engine, tookMs, sha256 }) => [
    name,
    formatBytes(sizeBytes),
    engine,
    formatDuration(tookMs),
    sha256.slice(0, 16),
  ])
  return table('Files', ['File', 'Size', 'Engine', 'Took', 'SHA-256 begins'], rows)
}

export function processModel({ manifest }: ReportedIncident): object {
  const { process, cost, redacted, fingerprint, follows, notes = [] } = manifest
  const rules = Object.entries(redacted).filter(([, count]) => count > 0)
  const facts: [string, string | null | undefined][] = [
    ['Command', process.argv.join(' ')],
    ['Working folder', process.cwd],
    ['Node', process.node],
    ['Started', process.startTime],
    ['Service', [process.service, process.version].filter(Boolean).join(' ')],
    ['Commit', process.commit],
    ['Host', process.hostname],
    ['Paused by the capture', formatDuration(cost.pausedMs)],
    ['CPU of the capture', formatDuration(cost.cpuMs)],
    ['Capture took', formatDuration(cost.wallMs)],
    ['Redacted', rules.length === 0 ? 'nothing' : rules.map(([rule, count]) => `${count} by ${rule}`).join(', ')],
    ['Fingerprint', fingerprint],
    ['Follows', follows],
  ]
  return {
    facts: facts.filter(([, value]) => value).map(([name, value]) => [name, printable(value ?? '')]),
    items: notes.map(printable),
  }
}
