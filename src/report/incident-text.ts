/** One incident at a terminal: who and when, the clocks, what is unavailable, and last, to stay on the screen, the verdict. */
import { formatBytes, formatDuration, plural } from '../model/amounts.js'
import type { ClockReading } from '../model/heartbeat.js'
import type { IncidentManifest } from '../model/incident.js'
import { renderHeader, verdictName } from './dump-text.js'
import { plainTable, tableText } from './plain-table.js'
import { profileDoubt } from './profile-doubt.js'
import { isManifestDamaged } from './unsealed.js'
import { type ReportedIncident, waitOf } from './reported-incident.js'
import { stallSentence } from './stall-text.js'
import { painter, printable, type Paint } from './terminal.js'
import { verdictLines } from './verdict-text.js'
import { wrap } from './wrap.js'

export interface ShownIncident extends ReportedIncident {
  readonly path: string
  readonly state: 'sealed' | 'partial'
}

export interface IncidentTextOptions {
  readonly color: boolean
  readonly verbose?: boolean
  /** Columns of the terminal; null or absent: lines as long as they are. */
  readonly width?: number | null
}

const CLOCK_LINES = 8

/** The verdict comes last: that is what stays on the screen. */
export function renderIncident(incident: ShownIncident, options: IncidentTextOptions): string {
  const { manifest, path, state } = incident
  const { verbose = false, width = null } = options
  const paint = painter(options.color)
  const sealed = state === 'sealed' ? '' : paint('yellow', isManifestDamaged(manifest) ? '  DAMAGED' : '  NOT SEALED')
  const lines = (text: string): string => (text === '' ? '' : `${wrap(text, { width }).join('\n')}\n\n`)
  return [
    `${paint('bold', `Incident ${manifest.id}`)}  ${printable(manifest.createdAt)}${sealed}\n${paint('dim', printable(path))}\n\n`,
    renderHeader(manifest.process, options),
    verbose || state !== 'sealed' ? artifactsText(manifest, paint) : '',
    clocksText(manifest.clocks, paint, verbose),
    missingText(manifest, paint, verbose, width),
    footText(manifest, paint, verbose, width),
    lines(manifest.stall === null ? '' : stallSentence(manifest.stall)),
    othersText(manifest, paint, width),
    serverText(incident, paint, width),
    mainText(incident, paint, verbose, width),
  ].join('')
}

function mainText(incident: ShownIncident, paint: Paint, verbose: boolean, width: number | null): string {
  const { manifest, evidence, excerpts } = incident
  const [main] = manifest.verdicts
  if (main === undefined) return ''
  const { cwd } = manifest.process
  const waits = waitOf(evidence, main)
  const lines = verdictLines(main, { paint, width, cwd, excerpts, waits, note: profileDoubt(evidence, main), verbose })
  const seen = verbose && main.evidence.length > 0 ? `Seen in: ${printable(main.evidence.join(', '))}` : ''
  return `${lines.join('\n')}\n${seen === '' ? '' : `${paint('dim', seen)}\n`}`
}

function othersText(manifest: IncidentManifest, paint: Paint, width: number | null): string {
  const [, ...others] = manifest.verdicts
  if (others.length === 0) return ''
  const lines = others.flatMap((verdict) =>
    wrap(`${verdictName(verdict)} (${verdict.confidence}): ${printable(verdict.summary)}`, {
      width,
      first: '  ',
      rest: '    ',
    }),
  )
  return `${paint('bold', 'Also found')}\n${lines.join('\n')}\n\n`
}

function serverText({ evidence }: ShownIncident, paint: Paint, width: number | null): string {
  const views = evidence?.serverViews ?? []
  if (views.length === 0) return ''
  const lines = views.flatMap(({ summary }) => wrap(printable(summary), { width, first: '  ', rest: '    ' }))
  return `${paint('bold', 'Conductor’s server')}\n${lines.join('\n')}\n\n`
}

function clocksText(clocks: readonly ClockReading[], paint: Paint, verbose: boolean): string {
  if (clocks.length === 0) return ''
  const shown = verbose ? clocks : [...clocks].sort((a, b) => b.ageMs - a.ageMs).slice(0, CLOCK_LINES)
  const table = plainTable(['CLOCK', 'SILENT', 'BEATS', 'IN FLIGHT', 'LAST ANSWER', 'SLOTS', ''])
  for (const clock of shown) {
    table.push([
      printable(clock.name),
      formatDuration(clock.ageMs),
      String(clock.beats),
      clock.inFlightMs === null ? '-' : formatDuration(clock.inFlightMs),
      clock.lastSuccessMs === null ? '-' : `${formatDuration(clock.lastSuccessMs)} ago`,
      clock.slots === null ? '-' : `${clock.slotsInUse ?? '?'}/${clock.slots}`,
      clock.ended ? 'ended' : clock.paused ? 'paused' : '',
    ])
  }
  const more = shown.length < clocks.length ? `  ${clocks.length - shown.length} more (-v)\n` : ''
  return `${paint('bold', 'Clocks')}\n${tableText(table, '  ')}${more}\n`
}

function artifactsText(manifest: IncidentManifest, paint: Paint): string {
  if (manifest.artifacts.length === 0) return ''
  const table = plainTable(['ARTIFACT', 'SIZE', 'ENGINE', 'TOOK', 'PAUSED'])
  for (const artifact of manifest.artifacts) {
    const took = artifact.engine === 'unknown' ? '-' : formatDuration(artifact.tookMs)
    const paused = artifact.engine === 'unknown' ? '-' : formatDuration(artifact.pausedMs)
    table.push([printable(artifact.name), formatBytes(artifact.sizeBytes), printable(artifact.engine), took, paused])
  }
  return `${paint('bold', 'Artifacts')}\n${tableText(table, '  ')}\n`
}

function missingText(manifest: IncidentManifest, paint: Paint, verbose: boolean, width: number | null): string {
  // What nobody asked for is not missing.
  const missing = manifest.missing.filter((each) => verbose || each.code !== 'ERR_STALL_NOT_ENABLED')
  if (missing.length === 0) return ''
  const lines = missing.flatMap(({ name, message, code, help }) => [
    ...wrap(`${printable(name)}: ${printable(message)} (${printable(code)})`, { width, first: '  ', rest: '    ' }),
    ...(help === '' || !verbose
      ? []
      : wrap(printable(help), { width, first: '    ' }).map((line) => paint('dim', line))),
  ])
  return `${paint('bold', 'Unavailable')}\n${lines.join('\n')}\n\n`
}

function footText(manifest: IncidentManifest, paint: Paint, verbose: boolean, width: number | null): string {
  const { cost, redacted } = manifest
  const lines: string[] = []
  if (manifest.sealedAt !== '' && verbose) {
    const opened = cost.connectionsOpened ?? 0
    const connections = opened === 0 ? '' : `; ${plural(opened, 'new connection')} opened`
    const memory = cost.memoryBytes > 0 ? `, ${formatBytes(cost.memoryBytes)} of its memory` : ''
    const paused = `paused ${formatDuration(cost.pausedMs)}, ${formatDuration(cost.cpuMs)} of CPU${memory}`
    lines.push(`Cost to the process: ${paused}; capture took ${formatDuration(cost.wallMs)}${connections}`)
  }
  if (cost.endedOnAttach) lines.push('The stall ended when the inspector was attached: looking may have ended it.')
  const rules = Object.entries(redacted).filter(([, count]) => count > 0)
  if (rules.length > 0 && verbose) {
    lines.push(`Redacted: ${rules.map(([rule, count]) => `${count} by ${printable(rule)}`).join(', ')}`)
  }
  if (manifest.fingerprint && verbose) lines.push(`Fingerprint: ${printable(manifest.fingerprint)}`)
  if (manifest.follows) lines.push(`Follows ${printable(manifest.follows)}: another capture of the same silence.`)
  for (const note of manifest.notes ?? []) lines.push(`Note: ${printable(note)}`)
  if (verbose)
    lines.push(`${printable(manifest.tool.name)} ${printable(manifest.tool.version)}, schema ${manifest.schema}`)
  if (lines.length === 0) return ''
  const wrapped = lines.flatMap((line) => wrap(line, { width, rest: '  ' }))
  return `${wrapped.map((line) => paint('dim', line)).join('\n')}\n\n`
}
