/** The sections of a report in Markdown, in the order in which one reads them. */
import { formatBytes, formatDuration, plural } from '../../model/amounts.js'
import type { Frame } from '../../model/frame.js'
import { excerptAt, type SourceExcerpt } from '../../model/source-excerpt.js'
import type { Verdict, VerdictPlace } from '../../model/verdict.js'
import { verdictName } from '../dump-text.js'
import { fileText, frameLine, placeLine } from '../places.js'
import { agoText, lastMinutes } from '../last-minutes.js'
import { profileDoubt } from '../profile-doubt.js'
import { unsealedText } from '../unsealed.js'
import { type ReportedIncident, waitOf } from '../reported-incident.js'
import { stallSentence } from '../stall-text.js'
import { nextStepText } from '../verdict-page.js'
import { block, code, prose, table } from './markdown-text.js'

export interface Section {
  readonly name: string
  /** For each level of detail, fullest first, how much would be lost without it: the least goes first. */
  readonly worth: readonly number[]
  /** No lines where there is nothing to say. */
  render(incident: ReportedIncident, level: number): string[]
}

/** What happened in a line, who and when, and the sentence for the ticket. */
export function titleLines({ manifest }: ReportedIncident): string[] {
  const [main] = manifest.verdicts
  const { process } = manifest
  const place = main?.where ? `: ${prose(placeLine(main.where, process.cwd))}` : ''
  const who = [process.service, process.version].filter(Boolean).join(' ')
  const facts = [
    `Incident ${code(manifest.id)}`,
    ...(who === '' ? [] : [code(who)]),
    `pid ${process.pid}${process.hostname === '' ? '' : ` on ${code(process.hostname)}`}`,
    prose(manifest.createdAt),
  ]
  const unsealed = unsealedText(manifest)
  const sealed = unsealed === null ? [] : ['', `**${unsealed}**`]
  return [
    `# ${main === undefined ? 'No verdict' : prose(verdictName(main))}${place}`,
    '',
    facts.join(' · '),
    ...sealed,
    ...(manifest.stall === null ? [] : ['', prose(stallSentence(manifest.stall))]),
    ...(manifest.follows ? ['', `Another capture of the same silence as incident ${code(manifest.follows)}.`] : []),
    ...(main === undefined ? [] : ['', `**${prose(main.summary)}**`]),
  ]
}

export const SECTIONS: readonly Section[] = [
  { name: 'reasons', worth: [60, 85], render: reasons },
  { name: 'what to do next', worth: [95], render: nextStep },
  { name: 'chain', worth: [50, 70, 90], render: chain },
  { name: 'waits', worth: [80], render: waits },
  { name: 'tasks', worth: [45, 75], render: tasks },
  { name: 'server', worth: [65], render: server },
  { name: 'other verdicts', worth: [30, 40], render: others },
  { name: 'last minutes', worth: [27, 43], render: minutes },
  { name: 'clocks', worth: [25, 55], render: clocks },
  { name: 'missing parts', worth: [20, 35], render: missing },
  { name: 'process', worth: [15, 32], render: aboutProcess },
  { name: 'files', worth: [10], render: files },
]

const SHORT = 3

function reasons({ manifest, evidence }: ReportedIncident, level: number): string[] {
  const [main] = manifest.verdicts
  if (main === undefined) return []
  const doubt = profileDoubt(evidence, main)
  const head = ['## Verdict', '', `${code(verdictName(main))}, confidence ${main.confidence}.`]
  const refuted = main.refutedBy === '' ? [] : ['', `What would rule it out: ${prose(main.refutedBy)}`]
  const notes = [...(doubt === null ? [] : ['', prose(doubt)]), ...refuted]
  if (level > 0 || main.signs.length === 0) return [...head, ...notes]
  return [...head, '', ...main.signs.map((sign) => `- ${prose(sign)}`), ...notes]
}

function nextStep({ manifest }: ReportedIncident): string[] {
  const [main] = manifest.verdicts
  return main === undefined || main.nextStep === '' ? [] : ['## What to do next', '', prose(nextStepText(main))]
}

/** Each frame with its lines of source; then the frames alone; then the first few. */
function chain({ manifest, excerpts }: ReportedIncident, level: number): string[] {
  const [main] = manifest.verdicts
  if (main === undefined) return []
  const { cwd } = manifest.process
  const frames = main.chain.filter((frame) => !isPlace(frame, main))
  if (main.where === null && frames.length === 0) return []
  const shown = level < 2 ? frames : frames.slice(0, SHORT)
  const of = (place: VerdictPlace | Frame): string[] => {
    const excerpt = level > 0 ? null : excerptAt(excerpts, place)
    return excerpt === null ? [] : excerptLines(excerpt, cwd)
  }
  const more = frames.length - shown.length
  return [
    '## Where',
    '',
    ...(main.where === null ? [] : [`In ${code(placeLine(main.where, cwd))}`, ...of(main.where)]),
    ...shown.flatMap((frame) => [
      `${level > 0 ? '' : '\n'}${frame.async ? 'awaited by' : 'called by'} ${code(frameLine({ ...frame, async: false }, cwd))}${level > 0 ? '  ' : ''}`,
      ...of(frame),
    ]),
    ...(more > 0 ? [`and ${plural(more, 'more frame')}`] : []),
  ]
}

function isPlace(frame: Frame, { where }: Verdict): boolean {
  return where !== null && frame.file === where.file && frame.line === where.line && frame.column === where.column
}

function excerptLines({ at, from, lines, changed }: SourceExcerpt, cwd: string | null): string[] {
  if (lines === null) return []
  const width = String(lines.at(-1)?.line ?? 0).length
  const text = lines.map(
    (each) => `${each.here ? '>' : ' '} ${String(each.line).padStart(width)} | ${each.text.replaceAll('\t', '  ')}`,
  )
  const file = from.file === at.file ? '' : ` (${code(fileText(from.file, cwd))})`
  const note = changed
    ? [`The file changed after the process started${file}: these may not be the lines that ran.`]
    : []
  return ['', ...block(text, 'js'), ...(note.length === 0 ? [] : ['', ...note])]
}

function waits({ manifest, evidence }: ReportedIncident): string[] {
  const [main] = manifest.verdicts
  const text = main === undefined ? null : waitOf(evidence, main)
  return text === null ? [] : ['## What it waits for', '', prose(text)]
}

const TASKS = 20

function tasks({ manifest, evidence }: ReportedIncident, level: number): string[] {
  const all = evidence?.tasks ?? []
  if (all.length === 0) return []
  const shown = all.toSorted((a, b) => b.ageMs - a.ageMs).slice(0, level > 0 ? SHORT : TASKS)
  const lines = shown.map((task) => {
    const limit =
      task.responseTimeoutMs === null ? '' : ` (response time-out ${formatDuration(task.responseTimeoutMs)})`
    const { execute } = task
    const where =
      execute === null || execute.file === null || execute.line === null
        ? ''
        : `, in ${code(placeLine({ ...execute, file: execute.file, line: execute.line }, manifest.process.cwd))}`
    const work = task.work?.task
    const workflow = work?.workflowId == null ? '' : `, workflow ${code(work.workflowId)}`
    const retry = work?.retryCount ? `, retry ${work.retryCount}` : ''
    const polls = (work?.pollCount ?? 0) > 1 ? `, polled ${work?.pollCount} times` : ''
    return `- task ${code(task.taskId)} of ${code(task.clock)}${workflow}${retry}${polls}, for ${formatDuration(task.ageMs)}${limit}${where}`
  })
  const more = all.length - shown.length
  return ['## Whose work it is', '', ...lines, ...(more > 0 ? [`- and ${plural(more, 'more task')}`] : [])]
}

/** Which side is it: who polls, and whether anything waits to be polled. */
function server({ evidence }: ReportedIncident): string[] {
  const views = evidence?.serverViews ?? []
  return views.length === 0
    ? []
    : ['## What Conductor’s server says', '', ...views.map((view) => `- ${prose(view.summary)}`)]
}

function others({ manifest }: ReportedIncident, level: number): string[] {
  const [, ...rest] = manifest.verdicts
  if (rest.length === 0) return []
  const lines = rest.map((verdict) => {
    const where = verdict.where ? `, ${code(placeLine(verdict.where, manifest.process.cwd))}` : ''
    const name = `${code(verdictName(verdict))} (${verdict.confidence})`
    return level > 0 ? `- ${name}${where}` : `- ${name}: ${prose(verdict.summary)}`
  })
  return ['## Also found', '', ...lines]
}

const CLOCKS = 50

function clocks({ manifest }: ReportedIncident, level: number): string[] {
  if (manifest.clocks.length === 0) return []
  const silent = manifest.clocks.toSorted((a, b) => b.ageMs - a.ageMs)
  const shown = silent.slice(0, level > 0 ? SHORT : CLOCKS)
  const rows = shown.map((clock) => [
    code(clock.name),
    formatDuration(clock.ageMs),
    String(clock.beats),
    clock.inFlightMs === null ? '-' : formatDuration(clock.inFlightMs),
    clock.lastSuccessMs === null ? '-' : `${formatDuration(clock.lastSuccessMs)} ago`,
    clock.slots === null ? '-' : `${clock.slotsInUse ?? '?'} of ${clock.slots}`,
    clock.ended ? 'ended' : clock.paused ? 'paused' : '',
  ])
  const more = manifest.clocks.length - shown.length
  const heads = ['clock', 'silent', 'beats', 'poll in flight', 'last answer', 'slots', 'state']
  // Mostly nothing is to be said in the last column.
  const columns = rows.some((row) => row.at(-1) !== '') ? heads.length : heads.length - 1
  return [
    '## Clocks',
    '',
    ...table(
      heads.slice(0, columns),
      rows.map((row) => row.slice(0, columns)),
    ),
    ...(more > 0 ? ['', `and ${plural(more, 'more clock')}`] : []),
  ]
}

const MINUTES = 5

/** Everything in its order; then the end of it. */
function minutes(incident: ReportedIncident, level: number): string[] {
  const told = lastMinutes(incident)
  if (told === null) return []
  const shown = level > 0 ? told.events.slice(-MINUTES) : told.events
  const rows = shown.map(({ agoMs, text }) => [agoText(agoMs), prose(text)])
  return [
    '## The last minutes',
    '',
    ...table(['before the last look', 'what happened'], rows),
    ...(told.note === null || level > 0 ? [] : ['', prose(told.note)]),
  ]
}

function missing({ manifest }: ReportedIncident, level: number): string[] {
  const parts = manifest.missing
  if (parts.length === 0) return []
  const lines = parts.map(({ name, code: why, message, help }) => {
    if (level > 0) return `- ${code(name)} (${why})`
    return `- ${code(name)}: ${prose(message)} (${why})${help === '' ? '' : `. ${prose(help)}`}`
  })
  return ['## Unavailable, and why', '', ...lines]
}

function aboutProcess({ manifest }: ReportedIncident, level: number): string[] {
  const { process, cost, redacted, tool } = manifest
  const lines = [
    `- command: ${code(process.argv.join(' '))}`,
    ...(process.cwd === null ? [] : [`- working folder: ${code(process.cwd)}`]),
    `- Node ${prose(process.node ?? 'unknown')}, ${prose(process.platform)} ${prose(process.arch)}, started ${prose(process.startTime)}`,
    ...(process.commit === null ? [] : [`- commit: ${code(process.commit)}`]),
  ]
  const rules = Object.entries(redacted).filter(([, count]) => count > 0)
  const more = [
    `- cost of the capture to the process: paused ${formatDuration(cost.pausedMs)}, ${formatDuration(cost.cpuMs)} of CPU`,
    ...(cost.endedOnAttach ? ['- the stall ended when the inspector was attached: looking may have ended it'] : []),
    ...(rules.length === 0
      ? []
      : [`- redacted: ${rules.map(([rule, count]) => `${count} by ${code(rule)}`).join(', ')}`]),
    ...(manifest.fingerprint ? [`- fingerprint: ${code(manifest.fingerprint)}`] : []),
    ...(manifest.notes ?? []).map((note) => `- note: ${prose(note)}`),
    `- written by ${prose(tool.name)} ${prose(tool.version)}`,
  ]
  return ['## Process', '', ...lines, ...(level > 0 || manifest.sealedAt === '' ? [] : more)]
}

function files({ manifest }: ReportedIncident): string[] {
  if (manifest.artifacts.length === 0) return []
  const lines = manifest.artifacts.map(({ name, sizeBytes }) => `${code(name)} ${formatBytes(sizeBytes)}`)
  return ['## Files of the bundle', '', lines.join(', ')]
}
